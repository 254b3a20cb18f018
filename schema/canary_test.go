package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Every keyword is made to fail on a body with canaries in it.
func TestNoFaultHoldsAValue(t *testing.T) {
	const text, number = "c4n4ry", "7731477"
	for _, c := range []struct{ schema, body string }{
		{`{"type":"integer"}`, `"c4n4ry"`},
		{`{"const":1}`, `"c4n4ry"`},
		{`{"const":{"a":1}}`, `{"a":"c4n4ry"}`},
		{`{"enum":["a","b"]}`, `"c4n4ry"`},
		{`{"enum":[1]}`, `7731477`},
		{`{"minimum":9999999}`, `7731477`},
		{`{"exclusiveMinimum":9999999}`, `7731477`},
		{`{"maximum":1}`, `7731477`},
		{`{"exclusiveMaximum":1}`, `7731477`},
		{`{"multipleOf":2}`, `7731477`},
		{`{"minLength":99}`, `"c4n4ry"`},
		{`{"maxLength":1}`, `"c4n4ry"`},
		{`{"pattern":"^x"}`, `"c4n4ry"`},
		{`{"minItems":5}`, `["c4n4ry"]`},
		{`{"maxItems":1}`, `["c4n4ry",7731477]`},
		{`{"uniqueItems":true}`, `["c4n4ry","c4n4ry"]`},
		{`{"contains":{"type":"null"}}`, `["c4n4ry"]`},
		{`{"contains":true,"maxContains":1}`, `["c4n4ry",1]`},
		{`{"items":{"type":"null"}}`, `["c4n4ry"]`},
		{`{"prefixItems":[{"const":1}],"items":false}`, `["c4n4ry","c4n4ry"]`},
		{`{"unevaluatedItems":false}`, `["c4n4ry"]`},
		{`{"minProperties":5}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"maxProperties":0}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"required":["a"]}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"dependentRequired":{"a":["b"]}}`, `{"a":"c4n4ry"}`},
		{`{"dependencies":{"a":["b"]}}`, `{"a":"c4n4ry"}`},
		{`{"dependentSchemas":{"a":false}}`, `{"a":"c4n4ry"}`},
		{`{"properties":{"a":{"const":1}}}`, `{"a":"c4n4ry"}`},
		{`{"properties":{"a":false}}`, `{"a":"c4n4ry"}`},
		{`{"additionalProperties":false}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"properties":{"o":{"additionalProperties":false}}}`, `{"o":{"c4n4ry":"c4n4ry"}}`},
		{`{"unevaluatedProperties":false}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"patternProperties":{"^c":false}}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"propertyNames":{"pattern":"^x"}}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"propertyNames":{"anyOf":[{"maxLength":2},{"format":"uuid"}]}}`, `{"c4n4ry":1}`},
		{`{"propertyNames":false}`, `{"c4n4ry":1}`},
		{`{"not":{}}`, `"c4n4ry"`},
		{`{"allOf":[{"const":1},{"maxLength":1}]}`, `"c4n4ry"`},
		{`{"anyOf":[{"const":1},{"maxLength":1}]}`, `"c4n4ry"`},
		{`{"oneOf":[true,true]}`, `"c4n4ry"`},
		{`{"oneOf":[{"const":1},{"maxLength":1}]}`, `"c4n4ry"`},
		{`{"if":true,"then":{"const":1}}`, `"c4n4ry"`},
		{`{"if":false,"else":{"const":1}}`, `"c4n4ry"`},
		{`{"$ref":"#/$defs/a","$defs":{"a":{"const":1}}}`, `"c4n4ry"`},
		{`{"$dynamicRef":"#a","$defs":{"a":{"$dynamicAnchor":"a","const":1}}}`, `"c4n4ry"`},
		{`{` + draft7 + `,"contentEncoding":"base64"}`, `"c4n4ry!"`},
		{`{` + draft7 + `,"contentMediaType":"application/json"}`, `"c4n4ry"`},
		{`{` + draft7 + `,"contentMediaType":"application/json","contentSchema":{"const":1}}`, `"\"c4n4ry\""`},
		{`false`, `"c4n4ry"`},
	} {
		refusesWithout(t, c.schema, c.body, text, number)
	}
	for _, format := range []string{
		"date", "date-time", "time", "duration", "period", "hostname", "email", "ip-address", "ipv4", "ipv6", "uri", "iri",
		"uri-reference", "uriref", "iri-reference", "uri-template", "regex", "json-pointer", "relative-json-pointer", "uuid",
	} {
		refusesWithout(t, `{"format":"`+format+`"}`, `"\\c4n4ry {( ^"`, text, number)
	}
}

// refusesWithout asks the evaluator and the compiler's own validator.
func refusesWithout(t *testing.T, schema, body string, canaries ...string) {
	t.Helper()
	s := must(t, schema)
	faults, err := s.Validate([]byte(body))
	if s.rule != nil {
		s.rule = nil
		if other, _ := s.Validate([]byte(body)); !slices.Equal(other, faults) {
			t.Errorf("%s on %s: %v, but the compiler's own validator says %v", schema, body, faults, other)
		}
	}
	if err != nil || len(faults) == 0 {
		t.Errorf("%s on %s: %v, %v", schema, body, faults, err)
	}
	for _, canary := range canaries {
		if told := fmt.Sprint(faults, err); strings.Contains(told, canary) {
			t.Errorf("%s on %s: %s", schema, body, told)
		}
	}
}
