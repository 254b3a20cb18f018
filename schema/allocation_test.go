// Under the race detector a sync.Pool forgets at random, and the detector
// allocates too: make unit runs these without it.

//go:build !race

package schema

import "testing"

func TestAValidBodyIsDecidedWithoutAllocating(t *testing.T) {
	for _, c := range []struct{ schema, body string }{
		{benchSchema, string(benchBody(14))},
		{benchSchema, string(benchBody(1480))},
		{`{"allOf":[{"properties":{"a":true}},{"prefixItems":[true],"contains":{"type":"string"}}],"unevaluatedProperties":{"type":"null"},"unevaluatedItems":false}`, `{"b":null,"a":1}`},
		{`{"allOf":[{"prefixItems":[true],"contains":{"type":"string"}}],"unevaluatedItems":false}`, `[1,"a","b"]`},
		{`{"$dynamicAnchor":"n","properties":{"n":{"$dynamicRef":"#n"}},"unevaluatedProperties":false}`, `{"n":{"n":{}}}`},
		{`{"enum":["a","b",1,null,{"k":[1.50]}]}`, `{"\u006b":[15e-1]}`},
		{`{"uniqueItems":true,"minItems":1,"maxItems":9,"contains":{"const":2},"prefixItems":[{"type":"integer"}],"items":{"not":{"type":"null"}}}`, `[1,2.0,"a\n",[1,2],{"b":1,"a":2},{"a":1,"b":2},true]`},
		{`{"propertyNames":{"pattern":"^(a|b)[0-9]?$"},"patternProperties":{"^a":{"multipleOf":0.01}},"additionalProperties":{"minLength":2,"maxLength":3},"minProperties":1,"maxProperties":4,"dependentRequired":{"a1":["b"]}}`, `{"a1":19.99,"b":"\u00e9é"}`},
		{`{"$ref":"#/$defs/t","$defs":{"t":{"oneOf":[{"type":"number","exclusiveMinimum":-1.5,"exclusiveMaximum":1e300},{"type":"array","items":{"$ref":"#"}}],"if":{"type":"array"},"then":{"maxItems":3},"else":{"anyOf":[false,true]}}}}`, `[1,[0.5,[-1.25e0]]]`},
		{`{"properties":{"a":{"format":"uuid"},"b":{"format":"email"},"c":{"format":"date-time"},"d":{"format":"ipv4"}}}`,
			`{"a":"0192F6A0-7c1e-7000-8000-0123456789ab","b":"ada.l+x@mail.example.com","c":"2026-11-21T20:00:00.123Z","d":"10.0.0.255"}`},
		{`{"properties":{"a":{"format":"date-time"},"b":{"format":"uri"},"c":{"format":"hostname"},"d":{"format":"date"},"e":{"format":"uri-reference"}}}`,
			`{"a":"2026-12-31T20:00:00.123+01:00","b":"https://ada@example.com:8080/a/b?c=d#e","c":"www.example.com","d":"2026-11-30","e":"../a%20b"}`},
	} {
		s, body := must(t, c.schema), []byte(c.body)
		if faults, err := s.Validate(body); s.rule == nil || err != nil || faults != nil {
			t.Fatalf("%s: %v, %v", c.schema, faults, err)
		}
		if n := testing.AllocsPerRun(100, func() { s.Validate(body) }); n != 0 {
			t.Errorf("%s: %v allocations", c.schema, n)
		}
	}
}
