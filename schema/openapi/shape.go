package openapi

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/schema"
)

// kinds is a set of JSON types.
type kinds uint8

const (
	isString kinds = 1 << iota
	isNumber
	isBoolean
	isNull
	isArray
	isObject
	anyKind kinds = 1<<iota - 1
	scalar        = isString | isNumber | isBoolean | isNull
)

var kindNames = map[string]kinds{
	"string": isString, "number": isNumber, "integer": isNumber, "boolean": isBoolean, "null": isNull,
	"array": isArray, "object": isObject,
}

// shape is what a schema says of how a parameter is written: its types and
// those of its parts. It decides how a text is read, never whether it is valid.
type shape struct {
	kinds      kinds
	items      *shape
	properties map[string]*shape
	additional *shape
}

// maxShape is how deep parameters nest that are not JSON.
const maxShape = 8

var anyShape = &shape{kinds: anyKind}

// shapeOf is the shape of the schema at a place.
func (u *units) shapeOf(at place, depth int) *shape {
	v, ok := look(u.folder.files[at.file].tree, at.pointer)
	if !ok || depth > maxShape {
		return anyShape
	}
	to, v, err := u.actual(at, v)
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		return anyShape
	}
	n := u.nodes[to]
	if n != nil && n.refers && u.dialect.draft <= schema.Draft7 {
		return u.shapeOf(n.ref, depth+1)
	}
	s := &shape{kinds: ownKinds(m)}
	if n != nil && n.refers {
		s.both(u.shapeOf(n.ref, depth+1))
	}
	if _, ok := m["items"].(map[string]any); ok {
		s.items = u.shapeOf(to.at("items"), depth+1)
	}
	if _, ok := m["additionalProperties"].(map[string]any); ok {
		s.additional = u.shapeOf(to.at("additionalProperties"), depth+1)
	}
	properties, _ := m["properties"].(map[string]any)
	for name := range properties {
		s.put(name, u.shapeOf(to.at("properties", name), depth+1))
	}
	parts, _ := m["allOf"].([]any)
	for i := range parts {
		s.both(u.shapeOf(to.at("allOf").index(i), depth+1))
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		parts, _ := m[key].([]any)
		if len(parts) == 0 {
			continue
		}
		choice := new(shape)
		for i := range parts {
			choice.either(u.shapeOf(to.at(key).index(i), depth+1))
		}
		s.both(choice)
	}
	if m["nullable"] == true {
		s.kinds |= isNull
	}
	return s
}

// ownKinds are the types that a schema object names itself.
func ownKinds(m map[string]any) (k kinds) {
	switch t := m["type"].(type) {
	case string:
		return kindNames[t]
	case []any:
		for _, name := range t {
			text, _ := name.(string)
			k |= kindNames[text]
		}
		return k
	}
	values, _ := m["enum"].([]any)
	if v, ok := m["const"]; ok {
		values = []any{v}
	}
	for _, v := range values {
		switch v.(type) {
		case string:
			k |= isString
		case json.Number:
			k |= isNumber
		case bool:
			k |= isBoolean
		case nil:
			k |= isNull
		case []any:
			k |= isArray
		default:
			k |= isObject
		}
	}
	if k == 0 {
		return anyKind
	}
	return k
}

func (s *shape) put(name string, of *shape) {
	if s.properties == nil {
		s.properties = map[string]*shape{}
	}
	s.properties[name] = of
}

// both adds what must hold too.
func (s *shape) both(o *shape) {
	s.kinds &= o.kinds
	s.parts(o)
}

// either adds what may hold instead.
func (s *shape) either(o *shape) {
	s.kinds |= o.kinds
	s.parts(o)
}

func (s *shape) parts(o *shape) {
	if s.items == nil {
		s.items = o.items
	}
	if s.additional == nil {
		s.additional = o.additional
	}
	for name, of := range o.properties {
		if s.properties[name] == nil {
			s.put(name, of)
		}
	}
}

func (s *shape) item() *shape {
	if s.items == nil {
		return anyShape
	}
	return s.items
}

func (s *shape) property(name string) *shape {
	if of := s.properties[name]; of != nil {
		return of
	}
	if s.additional != nil {
		return s.additional
	}
	return anyShape
}

// reading is what a parameter was read as: a text, a list or an object.
type reading struct {
	kind  kinds // isString, isArray or isObject
	text  string
	list  []reading
	named map[string]reading
}

// append writes a reading as JSON. A text becomes what its schema takes: a
// number, a boolean or null where it is written as one. plain keeps it a string
// wherever the schema takes strings as well.
func (r reading) append(dst []byte, s *shape, plain bool) []byte {
	switch r.kind {
	case isArray:
		dst = append(dst, '[')
		for i, e := range r.list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = e.append(dst, s.item(), plain)
		}
		return append(dst, ']')
	case isObject:
		dst = append(dst, '{')
		for i, name := range slices.Sorted(maps.Keys(r.named)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendQuoted(dst, name), ':')
			dst = r.named[name].append(dst, s.property(name), plain)
		}
		return append(dst, '}')
	}
	if plain && s.kinds&isString != 0 {
		return appendQuoted(dst, r.text)
	}
	switch {
	case s.kinds&isBoolean != 0 && (r.text == "true" || r.text == "false"),
		s.kinds&isNumber != 0 && isNumeral(r.text),
		s.kinds&isNull != 0 && s.kinds&isString == 0 && r.text == "null":
		return append(dst, r.text...)
	case s.kinds&isNull != 0 && s.kinds&isString == 0 && r.text == "":
		return append(dst, "null"...)
	case s.kinds&isArray != 0 && s.kinds&scalar == 0: // one element
		r = reading{kind: isArray, list: []reading{r}}
		return r.append(dst, s, plain)
	}
	return appendQuoted(dst, r.text)
}

func appendQuoted(dst []byte, text string) []byte {
	quoted, _ := json.Marshal(text) // no string fails
	return append(dst, quoted...)
}

// isNumeral says that a text is a JSON number, within the scanner's bounds.
func isNumeral(text string) bool {
	if text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') || text[len(text)-1] <= ' ' {
		return false
	}
	_, err := jsonscan.Check([]byte(text), jsonscan.Limits{})
	return err == nil
}
