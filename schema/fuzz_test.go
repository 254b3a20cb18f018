package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan"
)

func FuzzValidate(f *testing.F) {
	for _, body := range []string{`{}`, `{"n":{"n":[1,"x"]},"email":"a@b.c"}`, `[1e400]`, `{"k\u0000":"\ud83d\ude00"}`, `{"n":{"zz":-0.0}}`, `nul`} {
		f.Add([]byte(body))
	}
	s := must(f, `{"type":["object","array"],"properties":{"n":{"$ref":"#"},"email":{"format":"email"}},"items":{"anyOf":[{"$ref":"#"},{"multipleOf":3}]},"propertyNames":{"maxLength":5},"uniqueItems":true,"additionalProperties":false}`)
	f.Fuzz(func(t *testing.T, body []byte) {
		faults, err := s.Validate(body)
		report, bad := jsonscan.Check(body, jsonscan.Limits{})
		if bad != nil || report.Duplicate {
			if err == nil {
				t.Fatalf("%q gets a verdict", body)
			}
			return
		}
		if err != nil {
			return
		}
		for _, fault := range faults {
			if fault.Keyword == "" || len(fault.Pointer) > maxPointer || fault.Schema == "" {
				t.Fatalf("%q: %+v", body, fault)
			}
		}
		if len(faults) > maxFaults {
			t.Fatal(len(faults))
		}
	})
}

// FuzzAgreement holds the evaluator against the compiler's own validator.
func FuzzAgreement(f *testing.F) {
	for _, body := range []string{
		`{"a":1,"b":[1,1.0],"\u0061b":"x"}`, `[{"a":null},{"a":10e-1}]`, `{"email":"a@b.c","n":{"n":{"k":[[],{}]}},"x-1":3.5}`, `{"b":["a",{"c":1,"d":2},{"d":2,"c":1}]}`, `"\u00e9"`, `-0.50`,
	} {
		f.Add([]byte(body))
	}
	s := must(f, `{"type":["object","array","string","integer"],"required":["a"],"dependentRequired":{"n":["email"]},"dependentSchemas":{"ab":{"minProperties":2}},
		"properties":{"a":{"enum":[1,"x",null,[1],{"k":2.50}]},"b":{"uniqueItems":true,"contains":{"const":1}},"email":{"format":"email"},"n":{"properties":{"n":{"maxProperties":1}}},
		"ab":{"oneOf":[{"minLength":2},{"pattern":"^[a-z]x?$"}]}},"patternProperties":{"^x-":{"multipleOf":0.5,"maximum":7}},"additionalProperties":{"not":{"type":"null"}},
		"propertyNames":{"maxLength":5},"prefixItems":[{"required":["a"]}],"items":{"type":"object"},"minLength":2,"maxItems":3,"if":{"minProperties":3},"then":{"required":["b"]}}`)
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) <= 4<<10 { // the compiler's uniqueItems is quadratic
			sameAsCompiler(t, s, body)
		}
	})
}

func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		`true`, `{"$ref":"#"}`, `{"type":"object","properties":{"a":{"x-sensitive":true}}}`, `{"$ref":"b.json"}`, `{"$id":"urn:a","$ref":"#/$defs/a","$defs":{"a":{}}}`,
		`{` + draft7 + `,"$ref":"#/definitions/a","writeOnly":true,"definitions":{"a":{"items":[{}],"additionalItems":{"format":"password"}}}}`,
		`{"$dynamicRef":"#a","$defs":{"a":{"$dynamicAnchor":"a","unevaluatedProperties":{"x-mask":1}}}}`,
		`{` + draft2019 + `,"$recursiveAnchor":true,"items":{"$recursiveRef":"#"}}`, `{"contentSchema":{"$ref":"#/nowhere"}}`, `{"enum":[]}`, `{"pattern":"(?="}`, `{"$id":"%"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := load(newLibrary("fuzz.json", text, nil), "")
		if err != nil {
			if strings.Contains(err.Error(), base) {
				t.Fatalf("the error holds an inner URL: %v", err)
			}
			return
		}
		if s.ID() == "" || s.Version() == "" || len(s.Digest()) != 64 {
			t.Fatalf("%q: %q %q %q", text, s.ID(), s.Version(), s.Digest())
		}
		for _, body := range []string{`null`, `{"a":[1,{"b":"c"}]}`, `[["x"],0.5]`} {
			if faults, err := s.Validate([]byte(body)); err != nil && faults != nil {
				t.Fatal("faults and an error")
			}
			markedPlaces(t, s.Marks(), body)
		}
	})
}

func FuzzTheEvaluatorAgainstTheCompilersValidator(f *testing.F) {
	for i := range 20 {
		gen := &generator{r: rand.New(rand.NewPCG(uint64(i), 5)), draft: []int{4, 6, 7, 2019, 2020}[i%5], values: true}
		body, _ := json.Marshal(gen.value(4))
		f.Add(gen.document(), body)
	}
	f.Add([]byte(`{"anyOf":[{"properties":{"a":{}}},{"prefixItems":[{}]}],"unevaluatedProperties":false,"unevaluatedItems":{"type":"null"}}`), []byte(`{"a":[1],"b":2}`))
	f.Add([]byte(`{`+draft2019+`,"items":[{}],"contains":{"type":"null"},"unevaluatedItems":false}`), []byte(`[1,null]`))
	f.Add([]byte(`{"items":{"minimum":0.1,"multipleOf":1e-9}}`), fmt.Appendf(nil, "[%s]", "0.1,1e-400,-0,1E2"))
	f.Fuzz(func(t *testing.T, schema, body []byte) {
		s, err := load(newLibrary("fuzz.json", schema, nil), "")
		if err != nil || s.rule == nil {
			return
		}
		if s.branches {
			return // the two count their work differently
		}
		if bytes.Contains(schema, []byte("ynamic")) && bytes.Contains(schema, []byte("id")) {
			return // the compiler's own validator looks for anchors in resources between
		}
		if bytes.Contains(body, []byte(`""`)) {
			return // the compiler's own validator leaves empty keys out of pointers
		}
		sameAsCompiler(t, s, body)
	})
}
