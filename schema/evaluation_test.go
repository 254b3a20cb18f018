package schema

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
		s, err := load(lib)
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

// generator makes schemas and bodies over a few keys.
type generator struct {
	r     *rand.Rand
	draft int
	next  int

	values bool // keywords about values too
}

type keyword struct {
	from, to int
	name     string
	value    func() any
}

var generatorKeys = []string{"a", "b", "ab", "c"}

func (g *generator) document() []byte {
	urls := map[int]string{4: draft4, 6: draft6, 7: draft7, 2019: draft2019, 2020: draft2020}
	defs := map[string]any{}
	for _, name := range []string{"x", "y", "z"} {
		d, ok := g.schema(3).(map[string]any)
		if !ok {
			d = map[string]any{"allOf": []any{false}}
		}
		if g.draft == 2020 {
			d["$dynamicAnchor"] = name
		}
		defs[name] = d
	}
	root, ok := g.schema(4).(map[string]any)
	if !ok {
		root = map[string]any{}
	}
	root["definitions"] = defs
	if g.draft == 2019 && g.r.IntN(2) == 0 {
		root["$recursiveAnchor"] = true
	}
	text, _ := json.Marshal(root)
	return []byte("{" + urls[g.draft] + "," + string(text[1:]))
}

func (g *generator) schema(depth int) any {
	m := map[string]any{}
	if g.r.IntN(5) == 0 {
		m["x-sensitive"] = true
	}
	if depth == 0 {
		return m
	}
	if g.r.IntN(4) == 0 {
		m["type"] = []any{"object", "array", "string"}[:1+g.r.IntN(3)]
	}
	one := func() any { return g.schema(depth - 1) }
	list := func() any {
		l := []any{one()}
		for g.r.IntN(2) == 0 {
			l = append(l, one())
		}
		return l
	}
	named := func(names ...string) any {
		o := map[string]any{}
		for range 1 + g.r.IntN(2) {
			o[names[g.r.IntN(len(names))]] = one()
		}
		return o
	}
	keywords := []keyword{
		{4, 2020, "properties", func() any { return named(generatorKeys...) }},
		{4, 2020, "properties", func() any { return named(generatorKeys...) }},
		{4, 2020, "patternProperties", func() any { return named("^a", "b$", "c|b") }},
		{4, 2020, "additionalProperties", one},
		{4, 2020, "allOf", list}, {4, 2020, "anyOf", list}, {4, 2020, "oneOf", list}, {4, 2020, "not", one},
		{4, 2020, "items", one}, {4, 2019, "items", list}, {4, 2019, "additionalItems", one},
		{4, 2020, "dependencies", func() any { return named(generatorKeys...) }},
		{6, 2020, "contains", one},
		{7, 2020, "if", one}, {7, 2020, "then", one}, {7, 2020, "else", one},
		{2019, 2020, "dependentSchemas", func() any { return named(generatorKeys...) }},
		{2019, 2020, "unevaluatedProperties", one}, {2019, 2020, "unevaluatedItems", one},
		{2020, 2020, "prefixItems", list},
		{4, 2020, "$ref", func() any { return "#/definitions/" + []string{"x", "y", "z"}[g.r.IntN(3)] }},
		{4, 2020, "$ref", func() any { return "#" }},
		{2019, 2019, "$recursiveRef", func() any { return "#" }},
		{2020, 2020, "$dynamicRef", func() any { return "#" + []string{"x", "y", "z"}[g.r.IntN(3)] }},
	}
	if g.values {
		keywords = append(keywords, g.valueKeywords()...)
	}
	if g.values && g.draft > 4 && g.r.IntN(30) == 0 {
		return false
	}
	for range 1 + g.r.IntN(3) {
		k := keywords[g.r.IntN(len(keywords))]
		if g.draft >= k.from && g.draft <= k.to {
			m[k.name] = k.value()
		}
	}
	return m
}

func (g *generator) value(depth int) any {
	g.next++
	kind := g.r.IntN(6)
	switch {
	case depth > 0 && kind < 3:
		m := map[string]any{}
		for range g.r.IntN(4) {
			m[generatorKeys[g.r.IntN(len(generatorKeys))]] = g.value(depth - 1)
		}
		return m
	case depth > 0 && kind < 5:
		l := []any{}
		for range g.r.IntN(4) {
			l = append(l, g.value(depth-1))
		}
		return l
	case kind%2 == 0:
		return json.Number(fmt.Sprint(g.next))
	}
	return fmt.Sprint("v", g.next)
}

// The annotation suite says where an annotation belongs. With a mark put beside
// each annotation, all of these places are marked.
func TestEveryPlaceTheAnnotationSuiteAnnotatesIsMarked(t *testing.T) {
	needCorpus(t)
	files, _ := filepath.Glob(filepath.Join(corpus, "annotations", "tests", "*.json"))
	checked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Suite []struct {
				Description, Compatibility string
				Schema                     any
				ExternalSchemas            map[string]any
				Tests                      []struct {
					Instance   any
					Assertions []struct {
						Location, Keyword string
						Expected          map[string]any
					}
				}
			}
		}
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		for _, c := range doc.Suite {
			for draft, as := range map[string]int{"draft4": 4, "draft6": 6, "draft7": 7, "draft2019-09": 2019, "draft2020-12": 2020} {
				if !compatible(c.Compatibility, as) {
					continue
				}
				for _, test := range c.Tests {
					for _, a := range test.Assertions {
						if len(a.Expected) == 0 {
							continue
						}
						schema, _ := json.Marshal(mark(c.Schema, a.Keyword))
						lib := newLibrary("s.json", schema, nil)
						lib.draft = suiteDrafts[draft]
						lib.remote = func(u string) ([]byte, bool) {
							other, ok := c.ExternalSchemas[u]
							text, _ := json.Marshal(mark(other, a.Keyword))
							return text, ok
						}
						s, err := load(lib)
						if err != nil {
							t.Errorf("%s: %v", c.Description, err)
							continue
						}
						checked++
						covered := map[string]bool{}
						places(test.Instance, "", s.Marks().Start(), s.Marks(), map[any]string{}, covered)
						if !covered[a.Location] {
							t.Errorf("%s, %s: %s is annotated with %s but not marked; schema %s", draft, c.Description, a.Location, a.Keyword, schema)
						}
					}
				}
			}
		}
	}
	t.Logf("%d annotated places", checked)
}

// mark puts x-sensitive beside each keyword.
func mark(raw any, keyword string) any {
	switch v := raw.(type) {
	case map[string]any:
		marked := map[string]any{}
		for k, e := range v {
			marked[k] = mark(e, keyword)
		}
		if _, ok := v[keyword]; ok {
			marked["x-sensitive"] = true
		}
		return marked
	case []any:
		list := slices.Clone(v)
		for i, e := range list {
			list[i] = mark(e, keyword)
		}
		return list
	}
	return raw
}

func compatible(spec string, draft int) bool {
	for part := range strings.SplitSeq(spec, ",") {
		var n int
		switch {
		case part == "":
		case strings.HasPrefix(part, "<="):
			fmt.Sscanf(part, "<=%d", &n)
			if draft > n {
				return false
			}
		case strings.HasPrefix(part, "="):
			fmt.Sscanf(part, "=%d", &n)
			if draft != n {
				return false
			}
		default:
			fmt.Sscanf(part, "%d", &n)
			if draft < n {
				return false
			}
		}
	}
	return true
}
