package openapi

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The compiler behind package schema looks through all of a document for each
// schema in it, which a description with ten thousand of them does not bear. So
// each schema that OpenAPI puts at a place of its own, and each that a $ref leads
// to, becomes a unit: a document of its own, named by file and pointer. What
// schemas refer to is found here, and their references are written anew.

// unit is one schema that becomes a document.
type unit struct {
	place
	name   string
	schema any
}

// units are the schemas of one description.
type units struct {
	folder  *folder
	dialect dialect
	warn    *warnings

	byPlace map[place]*unit
	names   map[string]*unit
	todo    []*unit // whose references are not followed yet
	all     []*unit
	nodes   map[place]*node // every schema object that was met
	ids     map[string]place
	anchors map[string]place // by resource, "#" and name
}

// node is what is known of a schema object.
type node struct {
	place
	schema   map[string]any
	resource string // the base URI its references resolve against
	ref      place  // where its $ref leads
	refers   bool
	dynamic  place // where its $dynamicRef leads
	heirs    []place
	named    bool // it is an heir by name: see nameHeirs
}

func newUnits(f *folder, d dialect, warn *warnings) *units {
	return &units{
		folder: f, dialect: d, warn: warn,
		byPlace: map[place]*unit{}, names: map[string]*unit{}, nodes: map[place]*node{},
		ids: map[string]place{}, anchors: map[string]place{},
	}
}

// fileURI is the base URI of a file. Nothing is ever fetched from it.
func fileURI(name string) string {
	u := url.URL{Scheme: "file", Path: "/" + name}
	return u.String()
}

// add makes the schema at a place a unit, unless it is part of one.
func (u *units) add(at place, v any) error {
	if known, _ := u.within(at); known != nil {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		if at.pointer == "" && v["openapi"] != nil {
			return at.errorf("a schema refers to the description as a whole: refer to a schema in it")
		}
	case bool:
		if u.dialect.old {
			return at.errorf("a schema of OpenAPI 3.0 is an object: write {} for true and {\"not\": {}} for false")
		}
	default:
		return at.errorf("it is not a schema: write an object")
	}
	next := &unit{place: at, name: u.name(at), schema: v}
	u.names[next.name] = next
	u.byPlace[at] = next
	u.todo = append(u.todo, next)
	u.all = append(u.all, next)
	return nil
}

// within is the unit that a place is in, and the pointer from it.
func (u *units) within(at place) (*unit, string) {
	for end := len(at.pointer); end >= 0; end = strings.LastIndexByte(at.pointer[:end], '/') {
		rest := at.pointer[end:]
		if known := u.byPlace[place{at.file, at.pointer[:end]}]; known != nil && throughSchemas(rest) {
			return known, rest
		}
	}
	return nil, ""
}

// throughSchemas says that a pointer goes from schema to schema, by keywords
// that hold schemas: what else stands in a schema is left out of its unit.
func throughSchemas(pointer string) bool {
	toks := tokens(pointer)
	for len(toks) > 0 {
		next := ""
		if len(toks) > 1 {
			next = toks[1]
		}
		_, err := strconv.ParseUint(next, 10, 31)
		switch {
		case next != "" && slices.Contains(byName, toks[0]), err == nil && slices.Contains(inList, toks[0]):
			toks = toks[2:]
		case slices.Contains(single, toks[0]):
			toks = toks[1:]
		default:
			return false
		}
	}
	return true
}

// name is a unit's name as a document: a path, "orders.yaml/components/schemas/Order",
// which can stand in URLs as it is.
func (u *units) name(at place) string {
	parts := strings.Split(at.file+at.pointer, "/")
	for i, part := range parts {
		if part == "" || isDots(part) {
			parts[i] = "~" + part
		}
	}
	name := strings.Join(parts, "/")
	for n := 2; u.names[name] != nil; n++ {
		name = strings.Join(parts, "/") + "~" + strconv.Itoa(n)
	}
	return name
}

// relative is a URL reference from one unit to another, and to a pointer in it.
func (u *unit) relative(to *unit, pointer string) string {
	var b strings.Builder
	if to != u {
		b.WriteString("./")
		for range strings.Count(u.name, "/") {
			b.WriteString("../")
		}
		for i, part := range strings.Split(to.name, "/") {
			if i > 0 {
				b.WriteByte('/')
			}
			b.WriteString(url.PathEscape(part))
		}
	}
	b.WriteByte('#')
	for i, tok := range strings.Split(pointer, "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(url.PathEscape(tok))
	}
	return b.String()
}

// byName, inList and single are the keywords that hold schemas, in any draft.
var (
	byName = []string{"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"}
	inList = []string{"allOf", "anyOf", "items", "oneOf", "prefixItems"}
	single = []string{"additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items",
		"not", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"}
)

// eachBelow tells of the schemas below a schema object, in a fixed order.
func eachBelow(m map[string]any, tell func(tokens []string, v any)) {
	for _, key := range byName {
		if named, ok := m[key].(map[string]any); ok {
			for _, name := range slices.Sorted(maps.Keys(named)) {
				tell([]string{key, name}, named[name])
			}
		}
	}
	for _, key := range inList {
		if list, ok := m[key].([]any); ok {
			for i, v := range list {
				tell([]string{key, fmt.Sprint(i)}, v)
			}
		}
	}
	for _, key := range single {
		if v, ok := m[key]; ok {
			tell([]string{key}, v)
		}
	}
}
