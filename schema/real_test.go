package schema

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The schemas in testdata/real are written for this test, after the kinds of
// schemas that people have: a package manifest, a CI workflow, an event, an API
// description, an order. The first body of each is valid.
func TestRealSchemasHaveTheCompilersVerdict(t *testing.T) {
	files, err := filepath.Glob("testdata/real/*.schema.json")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		s, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		if s.rule == nil {
			t.Errorf("%s: beyond the evaluator: %v", file, s.Uncovered())
			continue
		}
		text, err := os.ReadFile(strings.Replace(file, ".schema.", ".bodies.", 1))
		if err != nil {
			t.Fatal(err)
		}
		raw, _, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, uint64(len(text))))
		valid, invalid := 0, 0
		verdict := func(body any) (ok bool) {
			text, _ := json.Marshal(body)
			sameAsCompiler(t, s, text)
			faults, err := s.Validate(text)
			if ok = err == nil && faults == nil; ok {
				valid++
			} else {
				invalid++
			}
			return ok
		}
		for i, body := range raw.([]any) {
			if !verdict(body) && i == 0 {
				faults, err := s.Validate(mustJSON(body))
				t.Errorf("%s: the first body is not valid: %v, %v", file, faults, err)
			}
			for range 100 {
				if verdict(mutate(r, body)); t.Failed() {
					return
				}
			}
		}
		t.Logf("%s: %d valid bodies, %d invalid", filepath.Base(file), valid, invalid)
		if valid < 20 || invalid < 20 || len(s.Sensitive()) == 0 {
			t.Errorf("%s: the test tests little: %d valid bodies, %d invalid, %d sensitive places", file, valid, invalid, len(s.Sensitive()))
		}
	}
}

func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// mutate is a copy of v with something in it changed, left out or put in.
func mutate(r *rand.Rand, v any) any {
	scalars := []any{nil, true, false, json.Number("0"), json.Number("-1.5"), json.Number("1e3"), "", "x", "push", "MIT", "./a", "${{ a }}", []any{}, map[string]any{}}
	other := func() any { return scalars[r.IntN(len(scalars))] }
	switch v := v.(type) {
	case map[string]any:
		to := map[string]any{}
		pick := r.IntN(len(v) + 2)
		for i, k := range sortedKeys(v) {
			switch {
			case i != pick:
				to[k] = v[k]
			case r.IntN(4) > 0:
				to[k] = mutate(r, v[k])
			case r.IntN(2) == 0:
				to["x-"+k] = v[k]
			}
		}
		if pick == len(v) {
			to[[]string{"x-1", "_a", "extra", "name", "data", "then", "default"}[r.IntN(7)]] = other()
		}
		return to
	case []any:
		if len(v) == 0 || r.IntN(5) == 0 {
			return append(append([]any{}, v...), other())
		}
		to := append([]any{}, v...)
		i := r.IntN(len(to))
		if r.IntN(4) == 0 {
			return append(to, to[i])
		}
		to[i] = mutate(r, to[i])
		return to
	}
	return other()
}
