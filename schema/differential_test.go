package schema

import (
	"encoding/json"
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
		s, err := load(newLibrary("s.json", text, nil), "")
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
