package schema

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// readMarks reads from the text of s whether it calls its place sensitive, and
// adds what the compiler passes over.
//
// The compiler leaves out what the draft says to ignore: everything beside $ref
// up to draft 7, then and else without if, additionalItems without a list of
// items, keywords of other drafts, contentSchema. Who writes a mark there means
// it, so such a schema is compiled on its own and a mark in it marks the place.
func (b *builder) readMarks(n *node, s *jsonschema.Schema) error {
	m, ok := b.lib.raw(s).(map[string]any)
	if !ok {
		return nil
	}
	if enum, ok := m["enum"].([]any); ok && len(enum) == 0 {
		return errors.New("/enum is empty, which no value satisfies and some validators let anything through: list values, or remove it")
	}
	why, is, err := markOf(m)
	if err != nil {
		return err
	}
	if n.mark = is; is != 0 {
		n.why, n.place = why, placeIn(b.rules.names, s.Location)
	}
	for _, keyword := range slices.Sorted(maps.Keys(m)) {
		takes, ok := applicators[keyword]
		if !ok || takes(s) {
			continue
		}
		b.addIgnored(n, s, keyword, m[keyword])
	}
	return nil
}

// addIgnored adds the schemas below a keyword that s does not apply.
func (b *builder) addIgnored(n *node, s *jsonschema.Schema, keyword string, raw any) {
	here := s.Location + "/" + keyword
	one := func(at string, raw any) {
		m, ok := raw.(map[string]any)
		if !ok {
			return
		}
		if to, err := b.compile(at); err == nil {
			n.inside = append(n.inside, b.add(to))
		} else if is := deepMark(m); is > n.mark {
			n.mark, n.why, n.place = is, "a mark below "+keyword, placeIn(b.rules.names, s.Location)
		}
	}
	switch v := raw.(type) {
	case []any:
		for i, e := range v {
			one(here+"/"+strconv.Itoa(i), e)
		}
	case map[string]any:
		if !byName[keyword] {
			one(here, v)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			one(here+"/"+escapeURL(name), v[name])
		}
	}
}

// byName lists the keywords that hold schemas by name.
var byName = map[string]bool{
	"properties": true, "patternProperties": true, "dependencies": true, "dependentSchemas": true,
}

// applicators lists the keywords that hold schemas, and how to tell that the
// compiler took them.
var applicators = map[string]func(*jsonschema.Schema) bool{
	"additionalItems":       func(s *jsonschema.Schema) bool { return s.AdditionalItems != nil },
	"additionalProperties":  func(s *jsonschema.Schema) bool { return s.AdditionalProperties != nil },
	"allOf":                 func(s *jsonschema.Schema) bool { return s.AllOf != nil },
	"anyOf":                 func(s *jsonschema.Schema) bool { return s.AnyOf != nil },
	"contains":              func(s *jsonschema.Schema) bool { return s.Contains != nil },
	"contentSchema":         func(s *jsonschema.Schema) bool { return s.ContentSchema != nil },
	"dependencies":          func(s *jsonschema.Schema) bool { return s.Dependencies != nil },
	"dependentSchemas":      func(s *jsonschema.Schema) bool { return s.DependentSchemas != nil },
	"else":                  func(s *jsonschema.Schema) bool { return s.Else != nil },
	"if":                    func(s *jsonschema.Schema) bool { return s.If != nil },
	"items":                 func(s *jsonschema.Schema) bool { return s.Items != nil || s.Items2020 != nil },
	"not":                   func(s *jsonschema.Schema) bool { return s.Not != nil },
	"oneOf":                 func(s *jsonschema.Schema) bool { return s.OneOf != nil },
	"patternProperties":     func(s *jsonschema.Schema) bool { return s.PatternProperties != nil },
	"prefixItems":           func(s *jsonschema.Schema) bool { return s.PrefixItems != nil },
	"properties":            func(s *jsonschema.Schema) bool { return s.Properties != nil },
	"propertyNames":         func(s *jsonschema.Schema) bool { return s.PropertyNames != nil },
	"then":                  func(s *jsonschema.Schema) bool { return s.Then != nil },
	"unevaluatedItems":      func(s *jsonschema.Schema) bool { return s.UnevaluatedItems != nil },
	"unevaluatedProperties": func(s *jsonschema.Schema) bool { return s.UnevaluatedProperties != nil },
}
