package schema

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// watcher tells which values a marked schema was applied to, as an annotation
// would. It knows a value by its identity: the bodies it watches hold no two
// equal scalars.
type watcher struct {
	places map[any]string
	hit    map[string]bool
}

func (w *watcher) Compile(_ jsonschema.CompilerContext, m map[string]any) (jsonschema.ExtSchema, error) {
	if isMarked(m) {
		return w, nil
	}
	return nil, nil
}

func (w *watcher) Validate(_ jsonschema.ValidationContext, v any) error {
	if place, ok := w.places[identity(v)]; ok {
		w.hit[place] = true
	}
	return nil
}

func identity(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return reflect.ValueOf(v).Pointer()
	case []any:
		if len(v) == 0 {
			return nil
		}
		return reflect.ValueOf(v).Pointer()
	case string, json.Number:
		return v
	}
	return nil
}

func TestEveryPlaceAnEvaluationCallsSensitiveIsMarked(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	hits, schemas := 0, 0
	for range 1500 {
		draft := []int{4, 6, 7, 2019, 2020}[r.IntN(5)]
		gen := &generator{r: r, draft: draft}
		text := gen.document()
		lib := newLibrary("s.json", text, nil)
		s, err := load(lib, "")
		if err != nil {
			if !strings.Contains(err.Error(), "infinite loop") {
				t.Fatalf("%s: %v", text, err)
			}
			continue // see the next test
		}
		w := &watcher{}
		c := jsonschema.NewCompiler()
		c.LoadURL = lib.LoadURL
		c.RegisterExtension("watch", nil, w)
		compiled, err := c.Compile(lib.mainURL())
		if err != nil {
			t.Fatal(err)
		}
		schemas++
		for range 10 {
			gen.next = 0
			v := gen.value(4)
			w.places, w.hit = map[any]string{}, map[string]bool{}
			m := s.Marks()
			covered := map[string]bool{}
			places(v, "", m.Start(), m, w.places, covered)
			if _, err := run(compiled, v); err != nil {
				continue
			}
			hits += len(w.hit)
			for place := range w.hit {
				if !covered[place] {
					t.Fatalf("schema %s\nbody %v\n%q is called sensitive by an evaluation but not marked", text, v, place)
				}
			}
		}
	}
	if hits < 1000 {
		t.Errorf("only %d sensitive places in %d schemas: the test tests little", hits, schemas)
	}
}

// The compiler finds a loop or not, by the order of its maps.
func TestALoopInASchemaIsFoundEachTime(t *testing.T) {
	text := `{"$ref":"#/$defs/b","$defs":{
		"a":{"$ref":"#/$defs/b","properties":{"p":{"$ref":"#/$defs/b"}}},
		"b":{"properties":{"q":{"$ref":"#/$defs/a"}},"dependentSchemas":{"x":{"$ref":"#/$defs/a"}}}}}`
	for range 50 {
		if told := loadError(t, text); !strings.Contains(told, "infinite loop") {
			t.Fatal(told)
		}
	}
}

func places(v any, place string, at int, m *Marks, index map[any]string, covered map[string]bool) {
	if id := identity(v); id != nil {
		index[id] = place
	}
	covered[place] = m.Marked(at)
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			places(e, place+"/"+k, m.Key(at, []byte(k)), m, index, covered)
		}
	case []any:
		for i, e := range v {
			places(e, fmt.Sprintf("%s/%d", place, i), m.Index(at, i), m, index, covered)
		}
	}
}
