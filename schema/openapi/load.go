package openapi

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/schema"
)

// Load reads the description at a path, and the files in its folder that it
// refers to, and compiles all schemas that requests and responses can meet. Of
// what the description refers to, only files in or below its folder are read;
// the file itself may be a link.
//
// The error names the file, the place in it and what to do. Nothing is loaded
// then.
func Load(file string) (*Document, error) {
	if file == "" {
		return nil, errors.New("openapi: no file is named: name the description's file")
	}
	d, err := load(file)
	if err != nil {
		return nil, fmt.Errorf("openapi %s: %w", file, err)
	}
	return d, nil
}

func load(name string) (*Document, error) {
	f, err := openFolder(name)
	if err != nil {
		return nil, err
	}
	defer f.close()
	dialect, err := f.dialect()
	if err != nil {
		return nil, err
	}
	var warn warnings
	units := newUnits(f, dialect, &warn)
	if err := units.addNamed(); err != nil {
		return nil, err
	}
	model, err := f.outline(units.meet, &warn)
	if err != nil {
		return nil, err
	}
	if err := units.resolve(); err != nil {
		return nil, err
	}
	d := &Document{id: f.main, digest: f.digest(), files: f.paths()}
	if model.Info != nil {
		d.version = model.Info.Version
	}
	if d.version == "" {
		d.version = d.digest[:12]
	}
	b := builder{units: units, doc: d, model: model}
	if err := b.sources(); err != nil {
		return nil, err
	}
	if err := b.operations(); err != nil {
		return nil, err
	}
	d.warnings = warn.all()
	return d, nil
}

// oasDialect begins the names of OpenAPI 3.1's own dialect, which is draft
// 2020-12 and annotations.
const oasDialect = "https://spec.openapis.org/oas/3.1/dialect/"

var (
	isVersion = regexp.MustCompile(`^3\.([01])\.\d+(-.+)?$`)

	dialects = map[string]schema.Draft{
		"":                        schema.Draft2020,
		oasDialect + "base":       schema.Draft2020,
		oasDialect + "2024-10-25": schema.Draft2020,
		oasDialect + "2024-11-10": schema.Draft2020,
		"https://json-schema.org/draft/2020-12/schema": schema.Draft2020,
		"https://json-schema.org/draft/2019-09/schema": schema.Draft2019,
		"http://json-schema.org/draft-07/schema":       schema.Draft7,
		"http://json-schema.org/draft-06/schema":       schema.Draft6,
		"http://json-schema.org/draft-04/schema":       schema.Draft4,
	}
)

// dialect is how the description's schemas are to be read.
func (f *folder) dialect() (dialect, error) {
	at := place{file: f.main}
	m, ok := f.files[f.main].tree.(map[string]any)
	if !ok {
		return dialect{}, at.errorf("it is not an object: write an OpenAPI description there")
	}
	version, _ := m["openapi"].(string)
	minor := isVersion.FindStringSubmatch(version)
	switch {
	case m["swagger"] != nil:
		return dialect{}, at.at("swagger").errorf("Swagger 2.0 is not read: convert the description to OpenAPI 3.0 or 3.1")
	case m["openapi"] == nil && m["$schema"] != nil:
		return dialect{}, at.errorf("it is a JSON Schema: name it in request or response, or an OpenAPI description here")
	case minor == nil:
		return dialect{}, at.at("openapi").errorf("the version is not 3.0.x or 3.1.x, written as a text: write \"openapi\": \"3.1.0\" if it is")
	case minor[1] == "0":
		return dialect{old: true, draft: schema.Draft4}, nil
	}
	name, _ := m["jsonSchemaDialect"].(string)
	draft, ok := dialects[strings.TrimSuffix(name, "#")]
	if !ok {
		return dialect{}, at.at("jsonSchemaDialect").errorf("%q is not known, and nothing is fetched: name a draft of JSON Schema from 4 to 2020-12, or %sbase", name, oasDialect)
	}
	return dialect{draft: draft}, nil
}

// addNamed adds the schemas that may be referred to by a name of their own.
func (u *units) addNamed() error {
	if u.dialect.old {
		return nil
	}
	at := place{file: u.folder.main}.at("components", "schemas")
	v, _ := look(u.folder.files[u.folder.main].tree, at.pointer)
	named, _ := v.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if hasName(named[name]) {
			if err := u.add(at.at(name), named[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

// hasName looks for an $id or $anchor anywhere in v.
func hasName(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, e := range v {
			if key == "$id" || key == "$anchor" || key == "$dynamicAnchor" || hasName(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, hasName)
	}
	return false
}

// meet is told of the schemas of the outline.
func (u *units) meet(at place, v any) error {
	at, v, err := u.actual(at, v)
	if err != nil {
		return err
	}
	return u.add(at, v)
}

// actual is the schema that one stands for which is a $ref and nothing else, so
// that what many refer to is compiled once.
func (u *units) actual(at place, v any) (place, any, error) {
	for range maxChain {
		m, _ := v.(map[string]any)
		ref, ok := m["$ref"].(string)
		if !ok || !u.plainRef(m) {
			return at, v, nil
		}
		var err error
		if at, v, err = u.folder.refer(at, ref); err != nil || !u.dialect.old {
			return at, v, err // the next may be within a schema with an $id
		}
	}
	return at, v, nil
}

// plainRef says that a $ref is all there is to a schema. It is resolved against
// the file, so it must be a pointer where schemas may have an $id.
func (u *units) plainRef(m map[string]any) bool {
	ref, _ := m["$ref"].(string)
	if u.dialect.old {
		return m["x-sensitive"] == nil && m["x-mask"] == nil && m["writeOnly"] == nil && m["format"] == nil
	}
	return len(m) == 1 && strings.HasPrefix(ref, "#/")
}
