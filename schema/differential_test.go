package schema

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// sameAsCompiler holds the evaluator against the compiler's own validator, which
// is the reference: same verdict, and same faults as long as there are few.
func sameAsCompiler(t testing.TB, s *Schema, body []byte) {
	t.Helper()
	if s.rule == nil {
		t.Fatal("the schema has no rule")
	}
	got, err := s.Validate(body)
	reference := *s
	reference.rule = nil
	want, wantErr := reference.Validate(body)
	if (err != nil) != (wantErr != nil) || (got == nil) != (want == nil) || len(want) < maxFaults && !slices.Equal(got, want) {
		t.Errorf("schema %s, body %s\nevaluator: %v, %v\ncompiler:  %v, %v", s.id, body, got, err, want, wantErr)
	}
}

func TestTheEvaluatorAgreesWithTheCompilersValidator(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	ruled, invalid := 0, 0
	for range 3000 {
		gen := &generator{r: r, draft: []int{4, 6, 7, 2019, 2020}[r.IntN(5)], values: true}
		text := gen.document()
		s, err := load(newLibrary("s.json", text, nil))
		if err != nil {
			if !strings.Contains(err.Error(), "infinite loop") {
				t.Fatalf("%s: %v", text, err)
			}
			continue
		}
		if s.rule == nil {
			continue
		}
		ruled++
		s.id = string(text)
		for range 10 {
			gen.next = r.IntN(3)
			body, _ := json.Marshal(gen.value(4))
			if faults, _ := s.Validate(body); faults != nil {
				invalid++
			}
			sameAsCompiler(t, s, body)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d schemas, %d invalid bodies", ruled, invalid)
	if ruled < 500 || invalid < 500 {
		t.Error("the test tests little")
	}
}

func (g *generator) valueKeywords() []keyword {
	small := func() any { return g.r.IntN(4) }
	keys := func() any { return []any{generatorKeys[g.r.IntN(4)]} }
	scalar := func() any { return []any{"v1", "v2", 1, 2.0, nil, true, []any{}, map[string]any{}}[g.r.IntN(8)] }
	return []keyword{
		{4, 2020, "type", func() any {
			return []any{"object", "array", "string", "integer", "number", "null", "boolean"}[g.r.IntN(7)]
		}},
		{4, 2020, "enum", func() any { return []any{scalar()} }},
		{6, 2020, "const", scalar},
		{4, 2020, "minimum", small}, {4, 2020, "maximum", small}, {6, 2020, "exclusiveMinimum", small}, {6, 2020, "exclusiveMaximum", small},
		{4, 2020, "multipleOf", func() any { return []any{2, 0.5, 1.5}[g.r.IntN(3)] }},
		{4, 2020, "minLength", small}, {4, 2020, "maxLength", small}, {4, 2020, "pattern", func() any { return "2$" }},
		{4, 2020, "format", func() any { return []any{"date", "uri-template", "nonsense"}[g.r.IntN(3)] }},
		{4, 2020, "minItems", small}, {4, 2020, "maxItems", small}, {4, 2020, "uniqueItems", func() any { return true }},
		{4, 2019, "additionalItems", func() any { return false }},
		{2019, 2020, "minContains", small}, {2019, 2020, "maxContains", small},
		{4, 2020, "minProperties", small}, {4, 2020, "maxProperties", small}, {4, 2020, "required", keys},
		{4, 2020, "additionalProperties", func() any { return false }},
		{6, 2020, "propertyNames", func() any { return map[string]any{"maxLength": 1} }},
		{6, 2020, "propertyNames", func() any { return map[string]any{"$ref": "#/definitions/x"} }},
		{4, 2020, "dependencies", func() any { return map[string]any{generatorKeys[g.r.IntN(4)]: keys()} }},
		{2019, 2020, "dependentRequired", func() any { return map[string]any{generatorKeys[g.r.IntN(4)]: keys()} }},
	}
}

func TestNumbersAreComparedExactly(t *testing.T) {
	for _, c := range []struct {
		schema, body string
		valid        bool
	}{
		{`{"minimum":9007199254740993}`, `9007199254740992`, false},
		{`{"minimum":9007199254740993}`, `9007199254740993`, true},
		{`{"exclusiveMaximum":0.1}`, `0.1000000000000000000000000000000000001`, false},
		{`{"exclusiveMaximum":0.1}`, `0.0999999999999999999999999999999999999`, true},
		{`{"maximum":0}`, `1e-400`, false},
		{`{"maximum":0}`, `-1e-400`, true},
		{`{"minimum":1e300}`, `1e400`, true},
		{`{"multipleOf":0.01}`, `19.99`, true},
		{`{"multipleOf":0.01}`, `19.999`, false},
		{`{"multipleOf":3}`, `9223372036854775807000`, false},
		{`{"multipleOf":3}`, `-9`, true},
		{`{"type":"integer"}`, `1e3`, true},
		{`{"type":"integer"}`, `1.50e1`, true},
		{`{"type":"integer"}`, `1e-1`, false},
		{`{"const":100}`, `1e2`, true},
		{`{"uniqueItems":true}`, `[1,1.0]`, false},
		{`{"uniqueItems":true}`, `[{"a":1,"b":2},{"b":2,"a":1}]`, false},
		{`{"uniqueItems":true}`, `["1",1,true,"true",null,"null",[],{},[[]],["a","b"],["a,b"],["a\",\"b"]]`, true},
	} {
		s := must(t, c.schema)
		if faults, err := s.Validate([]byte(c.body)); err != nil || (faults == nil) != c.valid {
			t.Errorf("%s on %s: %v, %v", c.schema, c.body, faults, err)
		}
		s.id = c.schema
		sameAsCompiler(t, s, []byte(c.body))
	}
}

func FuzzTheEvaluatorAgainstTheCompilersValidator(f *testing.F) {
	for i := range 20 {
		gen := &generator{r: rand.New(rand.NewPCG(uint64(i), 5)), draft: []int{4, 6, 7, 2019, 2020}[i%5], values: true}
		body, _ := json.Marshal(gen.value(4))
		f.Add(gen.document(), body)
	}
	f.Add([]byte(`{"items":{"minimum":0.1,"multipleOf":1e-9}}`), fmt.Appendf(nil, "[%s]", "0.1,1e-400,-0,1E2"))
	f.Fuzz(func(t *testing.T, schema, body []byte) {
		s, err := load(newLibrary("fuzz.json", schema, nil))
		if err != nil || s.rule == nil {
			return
		}
		if s.branches {
			return // the two count their work differently
		}
		sameAsCompiler(t, s, body)
	})
}
