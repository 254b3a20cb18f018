package schema

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatNoOtherKeywordLookedAtIsUnevaluated(t *testing.T) {
	for _, c := range []struct {
		schema, body string
		faults       []Fault
	}{
		{`{"properties":{"a":true},"unevaluatedProperties":false}`, `{"a":1}`, nil},
		{`{"properties":{"a":true},"unevaluatedProperties":false}`, `{"a":1,"b":1}`, []Fault{{"", "unevaluatedProperties", "/unevaluatedProperties"}}},
		{`{"unevaluatedProperties":{"type":"string"}}`, `{"b":1}`, []Fault{{"/b", "type", "/unevaluatedProperties/type"}}},
		{`{"anyOf":[{"properties":{"a":{"type":"string"}}},{"properties":{"b":true}}],"unevaluatedProperties":false}`, `{"a":1,"b":1}`, []Fault{{"", "unevaluatedProperties", "/unevaluatedProperties"}}},
		{`{"anyOf":[{"properties":{"a":true}},{"properties":{"b":true}}],"unevaluatedProperties":false}`, `{"a":1,"b":1}`, nil},
		{`{"if":{"properties":{"a":{"const":1}},"required":["a"]},"unevaluatedProperties":false}`, `{"a":1}`, nil},
		{`{"not":{"not":{"properties":{"a":true}}},"unevaluatedProperties":false}`, `{"a":1}`, []Fault{{"", "unevaluatedProperties", "/unevaluatedProperties"}}},
		{`{"allOf":[{"unevaluatedProperties":true}],"unevaluatedProperties":false}`, `{"a":1}`, nil},
		{`{"properties":{"a":true},"allOf":[{"unevaluatedProperties":false}]}`, `{"a":1}`, []Fault{{"", "unevaluatedProperties", "/allOf/0/unevaluatedProperties"}}},
		{`{"properties":{"o":{"properties":{"a":true}}},"unevaluatedProperties":false}`, `{"o":{"b":1}}`, nil},
		{`{"allOf":[{"additionalProperties":true}],"unevaluatedProperties":false}`, `{"b":1}`, nil},
		{`{"prefixItems":[true],"contains":{"const":2},"unevaluatedItems":false}`, `[1,2,3]`, []Fault{{"/2", "unevaluatedItems", "/unevaluatedItems"}}},
		{`{"oneOf":[{"prefixItems":[{"const":1}]},{"prefixItems":[{"const":2},true]}],"unevaluatedItems":false}`, `[2,3]`, nil},
		{`{` + draft2019 + `,"items":[true],"additionalItems":true,"unevaluatedItems":false}`, `[2,3]`, nil},
		{`{` + draft2019 + `,"contains":{"const":2},"unevaluatedItems":false}`, `[2]`, []Fault{{"/0", "unevaluatedItems", "/unevaluatedItems"}}},
	} {
		s := must(t, c.schema)
		if faults, err := s.Validate([]byte(c.body)); s.rule == nil || err != nil || !slices.Equal(faults, c.faults) {
			t.Errorf("%s on %s: %v, %v", c.schema, c.body, faults, err)
		}
		s.id = c.schema
		sameAsCompiler(t, s, []byte(c.body))
	}
}

func TestADynamicReferenceMeansTheOutermostResourceThatHasTheAnchor(t *testing.T) {
	const list = `"list":{"$id":"list","type":"array","items":{"$dynamicRef":"#item"},"$defs":{"d":{"$dynamicAnchor":"item"}}}`
	for _, c := range []struct {
		schema, body string
		valid        bool
	}{
		{`{"$id":"http://e.com/a","$ref":"list","$defs":{` + list + `}}`, `[1,"x"]`, true},
		{`{"$id":"http://e.com/a","$ref":"list","$defs":{"s":{"$dynamicAnchor":"item","type":"string"},` + list + `}}`, `[1]`, false},
		{`{"$id":"http://e.com/a","$ref":"list","$defs":{"s":{"$dynamicAnchor":"item","type":"string"},` + list + `}}`, `["x"]`, true},
		{`{"$id":"http://e.com/a","$ref":"list","$defs":{"s":{"$anchor":"item","type":"string"},` + list + `}}`, `[1]`, true},
		{`{"$id":"http://e.com/a","$ref":"b","$defs":{"s":{"$dynamicAnchor":"item","type":"string"},"b":{"$id":"b","$ref":"list","$defs":{"s":{"$dynamicAnchor":"item","type":"number"}}},` + list + `}}`, `[1]`, false},
		{`{"$id":"http://e.com/a","properties":{"l":{"$ref":"b"}},"$defs":{"b":{"$id":"b","$ref":"list","$defs":{"s":{"$dynamicAnchor":"item","type":"number"}}},` + list + `}}`, `{"l":[1]}`, true},
	} {
		s := must(t, c.schema)
		if faults, err := s.Validate([]byte(c.body)); s.rule == nil || err != nil || (faults == nil) != c.valid {
			t.Errorf("%s on %s: %v, %v", c.schema, c.body, faults, err)
		}
	}
}

func TestWhatIsBeyondTheEvaluatorIsTold(t *testing.T) {
	for schema, want := range map[string][]string{
		`{"unevaluatedProperties":false,"$dynamicRef":"#a","$defs":{"a":{"$dynamicAnchor":"a"}}}`:                nil,
		`{` + draft2019 + `,"contentEncoding":"base64","$recursiveRef":"#/$defs/a","$defs":{"a":{}}}`:            nil,
		`{` + draft7 + `,"properties":{"a":{"contentEncoding":"base64","contentMediaType":"application/json"}}}`: {"/properties/a/contentEncoding", "/properties/a/contentMediaType"},
		`{` + draft7 + `,"definitions":{"a":{"contentEncoding":"base64"}}}`:                                      nil,
	} {
		if got := must(t, schema).Uncovered(); !slices.Equal(got, want) {
			t.Errorf("%s: %v", schema, got)
		}
	}
	if got := must(t, `{"$ref":"https://json-schema.org/draft/2020-12/schema"}`).Uncovered(); len(got) == 0 || !strings.HasSuffix(got[0], "/$dynamicRef") {
		t.Errorf("a metaschema: %v", got)
	}
}
