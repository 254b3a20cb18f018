package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func TestEveryWayToCallAPlaceSensitiveMarksIt(t *testing.T) {
	for _, mark := range []string{`"x-sensitive":true`, `"x-mask":"token"`, `"writeOnly":true`, `"format":"password"`} {
		for _, draft := range []string{draft4, draft6, draft7, draft2019, draft2020} {
			s := must(t, `{`+draft+`,"properties":{"a":{`+mark+`},"b":{}}}`)
			if got := markedPlaces(t, s.Marks(), `{"a":1,"b":2}`); !slices.Equal(got, []string{"/a"}) {
				t.Errorf("%s, %s: marked %v", draft, mark, got)
			}
		}
	}
	s := must(t, `{"properties":{"a":{"x-sensitive":false,"writeOnly":false}}}`)
	if !s.Marks().Empty() {
		t.Error("a mark that says no marks")
	}
}

// § stands for a marked schema; the body's marked places follow.
var applicatorCases = []struct {
	drafts, schema, body string
	marked               []string
}{
	{"all", `{"properties":{"a":§}}`, `{"a":1,"b":1}`, []string{"/a"}},
	{"all", `{"patternProperties":{"^s_":§}}`, `{"s_1":1,"b":1,"s_2":1}`, []string{"/s_1", "/s_2"}},
	{"all", `{"additionalProperties":§}`, `{"x":1,"y":{}}`, []string{"/x", "/y"}},
	{"all", `{"properties":{"a":{}},"additionalProperties":§}`, `{"a":1,"y":{}}`, []string{"/y"}},
	{"all", `{"properties":{"a":{}},"patternProperties":{"^p":{}},"additionalProperties":§}`, `{"a":1,"p1":1,"y":{},"z":1}`, []string{"/y", "/z"}},
	{"all", `{"properties":{"a":{"properties":{"s":§}}},"patternProperties":{"^p":{"items":§}},"additionalProperties":§}`, `{"a":{"s":1,"t":1},"p":[1],"q":[1]}`, []string{"/a/s", "/p/#0", "/q"}},
	// Declared by another schema object: the additional of this one applies.
	{"all", `{"allOf":[{"properties":{"a":{}}},{"properties":{"b":{}},"additionalProperties":§}]}`, `{"a":1,"b":1}`, []string{"/a"}},
	{"all", `{"properties":{"a":{}},"anyOf":[{"additionalProperties":§}]}`, `{"a":1,"b":1}`, []string{"/a", "/b"}},
	{"2019-", `{"properties":{"a":{}},"patternProperties":{"^p":{}},"unevaluatedProperties":§}`, `{"a":1,"p":1,"b":1}`, []string{"/b"}},
	{"2019-", `{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":§}`, `{"a":1,"b":1}`, []string{"/a", "/b"}},
	{"2020", `{"prefixItems":[{}],"unevaluatedItems":§}`, `[1,2]`, []string{"/#1"}},
	{"2019", `{"items":[{}],"unevaluatedItems":§}`, `[1,2]`, []string{"/#1"}},
	{"all", `{"items":§}`, `[1,2]`, []string{"/#0", "/#1"}},
	{"-2019", `{"items":[{},§]}`, `[1,2,3]`, []string{"/#1"}},
	{"-2019", `{"items":[{}],"additionalItems":§}`, `[1,2,3]`, []string{"/#1", "/#2"}},
	{"2020", `{"prefixItems":[{},§]}`, `[1,2,3]`, []string{"/#1"}},
	{"2020", `{"prefixItems":[{}],"items":§}`, `[1,2,3]`, []string{"/#1", "/#2"}},
	{"6-", `{"contains":§}`, `[1,2]`, []string{"/#0", "/#1"}},
	{"6-", `{"propertyNames":§}`, `{"k":1}`, []string{""}},
	{"all", `{"allOf":[{},{"properties":{"a":§}}]}`, `{"a":1}`, []string{"/a"}},
	{"all", `{"anyOf":[{},{"properties":{"a":§}}]}`, `{"a":1}`, []string{"/a"}},
	{"all", `{"oneOf":[{},{},{"properties":{"a":§}}]}`, `{"a":1}`, []string{"/a"}},
	{"all", `{"not":{"properties":{"a":§}}}`, `{"a":1}`, []string{"/a"}},
	{"7-", `{"if":{"properties":{"a":§}}}`, `{"a":1}`, []string{"/a"}},
	{"7-", `{"if":false,"then":{"properties":{"a":§}}}`, `{"a":1}`, []string{"/a"}},
	{"7-", `{"if":true,"else":{"properties":{"a":§}}}`, `{"a":1}`, []string{"/a"}},
	{"7-", `{"then":{"properties":{"a":§}}}`, `{"a":1}`, []string{""}},
	{"all", `{"dependencies":{"x":{"properties":{"a":§}}}}`, `{"a":1}`, []string{"/a"}},
	{"2019-", `{"dependentSchemas":{"x":{"properties":{"a":§}}}}`, `{"a":1}`, []string{"/a"}},
	{"-7", `{"dependentSchemas":{"x":{"properties":{"a":§}}}}`, `{"a":1}`, []string{""}},
	{"2019-", `{"unevaluatedProperties":§}`, `{"a":1}`, []string{"/a"}},
	{"2019-", `{"unevaluatedItems":§}`, `[1]`, []string{"/#0"}},
	{"2019-", `{"contentMediaType":"application/json","contentSchema":{"properties":{"a":§}}}`, `"{}"`, []string{""}},
	{"2019-", `{"properties":{"b":{"contentSchema":{"$ref":"#/$defs/s"}}},"$defs":{"s":§}}`, `{"a":1,"b":"{}"}`, []string{"/b"}},
	{"all", `{"properties":{"a":{"$ref":"#/definitions/s"}},"definitions":{"s":§}}`, `{"a":1}`, []string{"/a"}},
	{"all", `{"properties":{"a":{"$ref":"#/components/schemas/s"}},"components":{"schemas":{"s":§}}}`, `{"a":1}`, []string{"/a"}},
	{"all", `{"properties":{"a":{"$ref":"#/definitions/a~1b%25c"}},"definitions":{"a/b%c":§}}`, `{"a":1}`, []string{"/a"}},
	{"all", `§`, `{"a":1}`, []string{""}},
	{"all", `{"type":"object","properties":{"a":§}}`, `{"a":{"b":[1]}}`, []string{"/a"}},
	// Marks beside $ref, which no draft up to 7 looks at.
	{"all", `{"properties":{"a":{"$ref":"#/definitions/n","x-sensitive":true}},"definitions":{"n":{}}}`, `{"a":1}`, []string{"/a"}},
	{"all", `{"properties":{"a":{"$ref":"#/definitions/n","format":"password"}},"definitions":{"n":{}}}`, `{"a":1}`, []string{"/a"}},
	{"-7", `{"properties":{"a":{"$ref":"#/definitions/n","properties":{"b":§}}},"definitions":{"n":{}}}`, `{"a":{"b":1}}`, []string{"/a"}},
	{"-7", `{"properties":{"a":{"$ref":"#/definitions/n","allOf":[{"$ref":"#/definitions/s"}]}},"definitions":{"n":{},"s":§}}`, `{"a":{"b":1}}`, []string{"/a"}},
	{"2019-", `{"properties":{"a":{"$ref":"#/definitions/n","properties":{"b":§}}},"definitions":{"n":{}}}`, `{"a":{"b":1}}`, []string{"/a/b"}},
	{"all", `{"$ref":"#/definitions/o","definitions":{"o":{"properties":{"a":§}}}}`, `{"a":1,"b":1}`, []string{"/a"}},
	// Recursion.
	{"all", `{"properties":{"s":§,"n":{"$ref":"#"}}}`, `{"s":1,"n":{"n":{"s":1,"t":1}}}`, []string{"/n/n/s", "/s"}},
	{"all", `{"anyOf":[{"properties":{"s":§}},{"items":{"$ref":"#"}}]}`, `[[{"s":1}],2]`, []string{"/#0/#0/s"}},
	{"2019", `{"$recursiveAnchor":true,"properties":{"s":§,"n":{"$recursiveRef":"#"}}}`, `{"n":{"n":{"s":1}}}`, []string{"/n/n/s"}},
	{"2019", `{"$recursiveAnchor":true,"$id":"http://e.com/o","properties":{"s":§},"allOf":[{"$ref":"b"}],"$defs":{"b":{"$id":"b","$recursiveAnchor":true,"properties":{"n":{"$recursiveRef":"#"}}}}}`,
		`{"n":{"s":1}}`, []string{"/n/s"}},
	{"2020", `{"$dynamicAnchor":"n","properties":{"s":§,"n":{"$dynamicRef":"#n"}}}`, `{"n":{"n":{"s":1}}}`, []string{"/n/n/s"}},
	// Only a dynamic reference leads to the marked schema.
	{"2020", `{"$id":"http://e.com/o","$ref":"list","$defs":{"s":{"$dynamicAnchor":"item","x-sensitive":true},"list":{"$id":"list","items":{"$dynamicRef":"#item"},"$defs":{"d":{"$dynamicAnchor":"item"}}}}}`,
		`[1]`, []string{"/#0"}},
	// Several patterns, names and patterns at once.
	{"all", `{"patternProperties":{"^a":{"properties":{"s":§}},"b$":{"properties":{"t":§}}}}`, `{"ab":{"s":1,"t":1},"ax":{"s":1,"t":1},"xb":{"s":1,"t":1},"x":{"s":1}}`,
		[]string{"/ab/s", "/ab/t", "/ax/s", "/xb/t"}},
	{"all", `{"properties":{"ab":{"properties":{"u":§}}},"patternProperties":{"^a":{"properties":{"s":§}}}}`, `{"ab":{"s":1,"u":1},"ac":{"s":1,"u":1}}`,
		[]string{"/ab/s", "/ab/u", "/ac/s"}},
	// Nothing sensitive.
	{"all", `{"properties":{"a":{"$ref":"#"}}}`, `{"a":{"a":1}}`, []string{}},
	{"all", `{"definitions":{"s":§}}`, `{"a":1}`, []string{}},
}

func TestEveryApplicatorOfEveryDraftCarriesMarks(t *testing.T) {
	for _, draft := range []struct {
		name, text string
		as         int
	}{{"4", draft4, 4}, {"6", draft6, 6}, {"7", draft7, 7}, {"2019", draft2019, 2019}, {"2020", draft2020, 2020}} {
		for _, c := range applicatorCases {
			if !inDrafts(c.drafts, draft.as) {
				continue
			}
			text := strings.ReplaceAll(c.schema, "§", `{"x-sensitive":true}`)
			text = `{` + draft.text + `,` + text[1:]
			if draft.as == 4 {
				text = strings.NewReplacer(`"if":true`, `"if":{}`).Replace(text)
			}
			if got := markedPlaces(t, must(t, text).Marks(), c.body); !slices.Equal(got, c.marked) {
				t.Errorf("draft %s: %s\nbody %s: marked %q, want %q", draft.name, text, c.body, got, c.marked)
			}
		}
	}
}

// inDrafts reads "all", "7", "7-" and "-7".
func inDrafts(spec string, draft int) bool {
	var from, to int
	switch {
	case spec == "all":
		return true
	case strings.HasPrefix(spec, "-"):
		fmt.Sscanf(spec, "-%d", &to)
		return draft <= to
	case strings.HasSuffix(spec, "-"):
		fmt.Sscanf(spec, "%d-", &from)
		return draft >= from
	}
	fmt.Sscanf(spec, "%d", &from)
	return draft == from
}

func TestAMarkInAnotherFileIsFound(t *testing.T) {
	dir := folder(t, map[string]string{
		"main.json":  `{"$id":"https://example.com/s/main.json","properties":{"a":{"$ref":"sub/a.json#/$defs/x"},"b":{"contentSchema":{"$ref":"c.json"}}}}`,
		"sub/a.json": `{"$id":"https://example.com/s/sub/a.json","$defs":{"x":{"properties":{"s":{"$ref":"../s.json"}}}}}`,
		"s.json":     `{"x-sensitive":true}`,
		"c.json":     `{"$ref":"s.json"}`,
	})
	s, err := Load(dir + "/main.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := markedPlaces(t, s.Marks(), `{"a":{"s":1,"t":2},"b":""}`); !slices.Equal(got, []string{"/a/s", "/b"}) {
		t.Error(got)
	}
}

func TestPlacesWithNothingSensitiveBelowAreDead(t *testing.T) {
	s := must(t, `{"properties":{"a":{"properties":{"s":{"x-sensitive":true}}},"b":{"properties":{"c":{}}}}}`)
	m := s.Marks()
	if m.Start() == 0 || stateAt(m, "/a") == 0 {
		t.Error("a place with a sensitive one below is dead")
	}
	for _, p := range []string{"/b", "/b/c", "/x", "/a/t", "/#0", "/a/s/../.."} {
		if at := stateAt(m, p); at != 0 && !m.Marked(at) {
			t.Errorf("%s is not dead", p)
		}
	}
	if at := stateAt(m, "/a/s/x/#1"); !m.Marked(at) {
		t.Error("what is below a marked place is not marked")
	}
}

func TestKeysOfClientsDoNotFillTheCache(t *testing.T) {
	s := must(t, `{"additionalProperties":{"properties":{"s":{"x-sensitive":true}}},"patternProperties":{"^[0-9]+$":{"$ref":"#"}}}`)
	m := s.Marks()
	for i := range 50_000 {
		m.Key(m.Start(), fmt.Appendf(nil, "k%d", i))
		m.Key(m.Start(), fmt.Appendf(nil, "%d", i))
		m.Index(m.Start(), i)
	}
	if n := len(*m.states.Load()); n > 10 || m.entries > 100 {
		t.Errorf("%d states, %d entries", n, m.entries)
	}
}

func TestASchemaThatNeedsTooManyStatesIsMarkedBeyond(t *testing.T) {
	// The set of nodes reached tells the last 16 keys apart: 2^16 states.
	var b strings.Builder
	b.WriteString(`{"anyOf":[{"$ref":"#/$defs/r"}],"$defs":{"r":{"properties":{"a":{"$ref":"#/$defs/r"},"b":{"anyOf":[{"$ref":"#/$defs/r"},{"$ref":"#/$defs/n1"}]}}}`)
	for i := 1; i <= 16; i++ {
		fmt.Fprintf(&b, `,"n%d":{"additionalProperties":{"$ref":"#/$defs/n%d"}}`, i, i+1)
	}
	b.WriteString(`,"n17":{"properties":{"s":{"x-sensitive":true}}}}}`)
	m := must(t, b.String()).Marks()
	for word := range 1 << 16 {
		at := m.Start()
		for bit := range 16 {
			at = m.Key(at, []byte{'a' + byte(word>>bit&1)})
		}
		if word&1 == 1 && !m.Marked(m.Key(m.Key(at, []byte("a")), []byte("s"))) {
			t.Fatalf("word %b: not marked", word)
		}
	}
	if n := len(*m.states.Load()); n != maxStates {
		t.Errorf("%d states: the bound of %d was not reached, or passed", n, maxStates)
	}
}

func TestTooManyPatternsMatchEveryKey(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"patternProperties":{`)
	for i := range maxMatches + 1 {
		fmt.Fprintf(&b, `"^p%d$":{"x-sensitive":true},`, i)
	}
	b.WriteString(`"^q$":{}}}`)
	m := must(t, b.String()).Marks()
	if !m.Marked(m.Key(m.Start(), []byte("anything"))) {
		t.Error("a key is not marked although its patterns are not told apart")
	}
}

func TestWithoutAGraphEverythingIsMarked(t *testing.T) {
	var zero Marks
	for _, m := range []*Marks{nil, &zero, (&Schema{}).Marks()} {
		if m.Empty() || !m.Marked(m.Key(m.Start(), []byte("a"))) {
			t.Error("something is not marked")
		}
	}
}

func TestGoingThroughMarksAllocatesNothing(t *testing.T) {
	m := must(t, `{"properties":{"a":{"items":{"patternProperties":{"^p":{"properties":{"s":{"x-sensitive":true}}}}}}}}`).Marks()
	a, p, unknown := []byte("a"), []byte("pq"), []byte("unknown")
	if n := testing.AllocsPerRun(100, func() {
		at := m.Index(m.Key(m.Start(), a), 3)
		m.Key(m.Key(at, p), unknown)
		m.Key(at, unknown)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
