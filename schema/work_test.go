package schema

import (
	"fmt"
	"strings"
	"testing"
)

func TestABodyThatTakesExponentialWorkGetsNoVerdict(t *testing.T) {
	for name, text := range map[string]string{
		"anyOf":              `{"anyOf":[{"properties":{"n":{"$ref":"#"}},"not":{}},{"properties":{"n":{"$ref":"#"}}}]}`,
		"oneOf":              `{"oneOf":[{"properties":{"n":{"$ref":"#"}},"not":{}},{"properties":{"n":{"$ref":"#"}}}]}`,
		"allOf":              `{"properties":{"n":{"$ref":"#"}},"allOf":[{"properties":{"n":{"$ref":"#"}}}]}`,
		"if":                 `{"if":{"properties":{"n":{"$ref":"#"}}},"then":{"properties":{"n":{"$ref":"#"}}}}`,
		"fanout":             fanout(30),
		"anyOf, by compiler": `{` + draft7 + `,"contentEncoding":"base64","anyOf":[{"properties":{"n":{"$ref":"#"}},"not":{}},{"properties":{"n":{"$ref":"#"}}}]}`,
		"unevaluated":        `{"unevaluatedProperties":false,"anyOf":[{"properties":{"n":{"$ref":"#"}},"not":{}},{"properties":{"n":{"$ref":"#"}}}]}`,
		"$dynamicRef":        `{"$dynamicAnchor":"a","anyOf":[{"properties":{"n":{"$dynamicRef":"#a"}},"not":{}},{"properties":{"n":{"$dynamicRef":"#a"}}}]}`,
	} {
		s := must(t, text)
		_, err := s.Validate([]byte(strings.Repeat(`{"n":`, 60) + `{}` + strings.Repeat(`}`, 60)))
		if err == nil || !strings.Contains(err.Error(), "more evaluations than are allowed") {
			t.Errorf("%s: %v", name, err)
		}
		if faults, err := s.Validate([]byte(`{"n":{}}`)); name != "fanout" && (err != nil || faults != nil) {
			t.Errorf("%s: afterwards: %v, %v", name, faults, err)
		}
	}
}

func TestAPatternThatTakesTooLongOverALongTextGetsNoVerdict(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	for text, body := range map[string]string{
		`{"pattern":"^(a|a?)+(b|[a-z]{1,200}){1,4}$"}`:                           `"` + long + `"`,
		`{"patternProperties":{"^(a|a?)+(b|[a-z]{1,200}){1,4}$":{}}}`:            `{"` + long + `":1}`,
		`{"items":{"pattern":"^(a|a?)+(b|[a-z]{1,200}){1,4}$","type":"string"}}`: `["` + strings.Repeat(long[:1000]+`","`, 100) + `a"]`,
	} {
		s := must(t, text)
		if _, err := s.Validate([]byte(body)); err == nil || !strings.Contains(err.Error(), "shorter patterns") {
			t.Errorf("%s: %v", text, err)
		}
		if faults, err := s.Validate([]byte(strings.ReplaceAll(body, long[:999], ""))); err != nil || faults != nil {
			t.Errorf("%s: of a short text: %v, %v", text, faults, err)
		}
	}
	for _, text := range []string{`{"pattern":"^[a-z]{1,200}"}`, `{"pattern":"^(?:[A-Za-z0-9+/]{4})*(?:[a-z]{2}==)?$"}`, `{"pattern":"[a-f]{8}(-[a-f]{4}){3}|a"}`} {
		if faults, err := must(t, text).Validate([]byte(`"` + long + `"`)); err != nil || faults != nil {
			t.Errorf("%s: %v, %v", text, faults, err)
		}
	}
}

func TestALongPointerIsCutToAnAncestor(t *testing.T) {
	for _, more := range []string{``, `,"contentEncoding":"base64"`} { // the evaluator, then the compiler's own
		s := must(t, `{`+draft7+`,"properties":{"o":{"additionalProperties":{"type":"string"}}}`+more+`}`)
		faults, err := s.Validate([]byte(`{"o":{"` + strings.Repeat("k", 2000) + `":1}}`))
		if err != nil || len(faults) != 1 || faults[0].Pointer != "/o" {
			t.Errorf("%v, %v", faults, err)
		}
	}
}

func TestABodyTooWideForTheCompilersValidatorGetsNoVerdict(t *testing.T) {
	s := must(t, `{`+draft7+`,"items":{"contentEncoding":"base64"}}`)
	if _, err := s.Validate([]byte("[" + strings.Repeat("1,", valuesMost) + "1]")); err == nil || !strings.Contains(err.Error(), "contentEncoding") {
		t.Error(err)
	}
}

// fanout is a schema of 2^n paths without recursion.
func fanout(n int) string {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/$defs/d0","$defs":{`)
	for i := range n {
		fmt.Fprintf(&b, `"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, i+1, i+1)
	}
	fmt.Fprintf(&b, `"d%d":{}}}`, n)
	return b.String()
}

func TestADeepBodyOfAnHonestRecursiveUnionIsDecided(t *testing.T) {
	s := must(t, `{"oneOf":[{"type":"string"},{"type":"number"},{"type":"array","items":{"$ref":"#"}},{"type":"object","additionalProperties":{"$ref":"#"}}]}`)
	deep := strings.Repeat(`{"a":[`, 200) + `1` + strings.Repeat(`]}`, 200)
	wide := "[" + strings.Repeat(`{"a":["b",1]},`, 5000) + `"c"]`
	for _, body := range []string{deep, wide} {
		if faults, err := s.Validate([]byte(body)); err != nil || faults != nil {
			t.Errorf("%v, %v", faults, err)
		}
	}
	if faults, err := s.Validate([]byte(`{"a":[[null]]}`)); err != nil || len(faults) == 0 {
		t.Errorf("%v, %v", faults, err)
	}
}

func TestASchemaInALoopGetsNoVerdict(t *testing.T) {
	s := must(t, `{"$dynamicAnchor":"n","$id":"http://e.com/a","$ref":"b","$defs":{"b":{"$id":"b","properties":{"a":{"$dynamicRef":"#n"}},"$dynamicAnchor":"n"}}}`)
	if _, err := s.Validate([]byte(`{"a":{"a":{}}}`)); err != nil {
		t.Errorf("no loop, but: %v", err)
	}
	for _, text := range []string{
		`{"$id":"http://e.com/a","$dynamicAnchor":"n","$ref":"b","$defs":{"b":{"$id":"b","$dynamicRef":"c#n"},"c":{"$id":"c","$dynamicAnchor":"n"}}}`,
		`{` + draft2019 + `,"$id":"http://e.com/a","$recursiveAnchor":true,"anyOf":[{"$ref":"b#/$defs/x"}],"$defs":{"b":{"$id":"b","$recursiveAnchor":true,"$defs":{"x":{"$recursiveRef":"#"}}}}}`,
	} {
		s := must(t, text)
		if _, err := s.Validate([]byte(`{"a":[1]}`)); s.rule == nil || err == nil || !strings.Contains(err.Error(), "refers to itself") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
