package openapi

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/schema"
	"github.com/getkin/kin-openapi/openapi3"
)

// builder makes the operations of a document.
type builder struct {
	*units
	doc   *Document
	model *openapi3.T
	from  [2]*schema.Source // by direction
}

// sources writes all units as documents to compile.
func (b *builder) sources() error {
	var first *rewriter
	for way := range b.from {
		r := &rewriter{units: b.units, direction: direction(way)}
		docs := make(map[string][]byte, len(b.all))
		for _, unit := range b.all {
			text, err := r.document(unit)
			if err != nil {
				return unit.errorf("cannot be written as JSON: %w", err)
			}
			docs[unit.name] = text
		}
		if way == 1 && !r.lenient && !first.lenient {
			b.from[1] = b.from[0] // they are the same
			return nil
		}
		first = r
		b.from[way] = &schema.Source{Docs: docs, Digest: b.doc.digest, Version: b.doc.version, Draft: b.dialect.draft, Formats: true}
	}
	return nil
}

// compile compiles the schema that stands at a place of the outline.
func (b *builder) compile(ref *openapi3.SchemaRef, way direction) (s *schema.Schema, unit *unit, err error) {
	if ref == nil || ref.Value == nil {
		return nil, nil, nil
	}
	at := placeOf(ref.Value.Extensions)
	v, _ := look(b.folder.files[at.file].tree, at.pointer)
	to, _, err := b.actual(at, v)
	if err != nil {
		return nil, nil, err
	}
	unit, pointer := b.within(to)
	r := rewriter{units: b.units}
	if b.dialect.old {
		pointer = r.wrapped(unit, pointer)
	}
	s, err = b.from[way].Compile(unit.name, pointer)
	if err != nil {
		return nil, nil, b.plainly(at, unit, pointer, err)
	}
	return s, unit, nil
}

// plainly names places of the files where the compiler names those of units.
func (b *builder) plainly(at place, unit *unit, pointer string, err error) error {
	text, told := strings.CutPrefix(err.Error(), "schema "+unit.name)
	text = strings.TrimPrefix(strings.TrimPrefix(text, "#"+pointer), ": ")
	name, rest, ok := strings.Cut(text, ": ")
	to := b.names[name]
	if name == "" {
		to = unit
	}
	if !told || !ok || to == nil {
		return at.errorf("%w", err)
	}
	if !strings.HasPrefix(rest, "/") {
		rest = ": " + rest
	}
	return errors.New(to.place.String() + rest)
}

// operations makes all operations and their routes.
func (b *builder) operations() error {
	paths := b.model.Paths.Map()
	keys := b.apiKeys()
	for _, template := range slices.Sorted(maps.Keys(paths)) {
		item := paths[template]
		at := place{file: b.doc.id}.at("paths", template)
		if _, err := parseTemplate(template); err != nil {
			return at.errorf("%w", err)
		}
		methods := item.Operations()
		for _, method := range slices.Sorted(maps.Keys(methods)) {
			op := methods[method]
			c, err := b.contract(item, op, template)
			if err != nil {
				return err
			}
			c.apiKeys = keys
			if err := b.route(item, op, c, method, template); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(b.doc.operations, func(x, y *Operation) int {
		return cmp.Or(cmp.Compare(x.Template, y.Template), cmp.Compare(x.Method, y.Method))
	})
	return nil
}

// route puts an operation at its template below each base path.
func (b *builder) route(item *openapi3.PathItem, op *openapi3.Operation, c *contract, method, template string) error {
	at := placeOf(op.Extensions)
	approval, err := b.approval(at)
	if err != nil {
		return err
	}
	bases, err := b.bases(item, op)
	if err != nil {
		return err
	}
	for i, base := range bases {
		o := &Operation{ID: op.OperationID, Method: method, Template: base + template, Approval: approval, contract: c}
		segments, err := parseTemplate(o.Template)
		if err != nil {
			return at.errorf("%w", err)
		}
		for n, s := range segments {
			for _, name := range s.names {
				o.names = append(o.names, variable{name, n})
			}
		}
		if o.ID == "" {
			o.ID = method + " " + o.Template
		}
		if err := b.doc.routes.add(segments, o); err != nil {
			if i == 0 {
				return at.errorf("%w", err)
			}
			b.warn.add("route", at, "%v: what its other servers offer stays", err)
			continue
		}
		b.doc.operations = append(b.doc.operations, o)
	}
	return nil
}

// approval reads x-approval.
func (b *builder) approval(at place) (bool, error) {
	v, _ := look(b.folder.files[at.file].tree, at.pointer)
	m, _ := v.(map[string]any)
	switch m["x-approval"] {
	case nil:
		return false, nil
	case "required":
		return true, nil
	}
	return false, at.at("x-approval").errorf("it is not required: write \"x-approval\": \"required\", or leave it out")
}
