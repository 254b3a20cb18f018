package masking

import (
	"fmt"
	"testing"
)

func TestPathsAreMatchedExactly(t *testing.T) {
	for _, c := range []struct{ pattern, src, want string }{
		{"", `{"a":1}`, `"[masked]"`},
		{"/a", `{"a":{"b":1},"A":2,"b":{"a":3}}`, `{"a":"[masked]","A":2,"b":{"a":3}}`},
		{"/", `{"":1,"a":2}`, `{"":"[masked]","a":2}`},
		{"/a/1", `{"a":[1,2,{"1":3}]}`, `{"a":[1,"[masked]",{"1":3}]}`},
		{"/a/1", `{"a":{"1":2,"01":3}}`, `{"a":{"1":"[masked]","01":3}}`},
		{"/a/01", `{"a":[1,2]}`, `{"a":[1,2]}`},
		{"/*/b", `{"a":{"b":1},"c":[{"b":2}],"b":3}`, `{"a":{"b":"[masked]"},"c":[{"b":2}],"b":3}`},
		{"/*/*", `[[1,[2]],3]`, `[["[masked]","[masked]"],3]`},
		{"/**/b", `{"b":1,"a":[{"b":2}],"c":{"d":{"b":{"b":3}}}}`, `{"b":"[masked]","a":[{"b":"[masked]"}],"c":{"d":{"b":"[masked]"}}}`},
		{"/a/**", `{"a":{"x":1},"b":2}`, `{"a":"[masked]","b":2}`},
		{"/a/**/z/0", `{"a":{"z":[1,2],"y":{"z":[3]}},"z":[4]}`, `{"a":{"z":["[masked]",2],"y":{"z":["[masked]"]}},"z":[4]}`},
		{"/a~1b~0/c", `{"a/b~":{"c":1}}`, `{"a/b~":{"c":"[masked]"}}`},
		{"/é", `{"\u00e9":1}`, `{"\u00e9":"[masked]"}`},
		{"/a//b", `{"a":{"":{"b":1}}}`, `{"a":{"":{"b":"[masked]"}}}`},
	} {
		if got, _ := masked(t, must(New(Config{Paths: []string{c.pattern}})), c.src, nil); got != c.want {
			t.Errorf("%s on %s: got %s, want %s", c.pattern, c.src, got, c.want)
		}
	}
}

func TestManyPathsAreMatchedAtOnce(t *testing.T) {
	var patterns []string
	for i := range 100 {
		patterns = append(patterns, fmt.Sprintf("/**/k%d/*", i))
	}
	got, places := masked(t, must(New(Config{Paths: patterns})), `{"k0":[1],"a":{"k99":{"x":2},"k100":[3]}}`, nil)
	if want := `{"k0":["[masked]"],"a":{"k99":{"x":"[masked]"},"k100":[3]}}`; got != want || places[1].Rule != "path:/**/k99/*" {
		t.Errorf("got %s, %+v", got, places)
	}
}

// byPlace marks what is under given places: state n is the place paths[n-1].
type byPlace struct {
	places []string
	marked map[string]bool
}

func (m *byPlace) state(place string) int {
	for i, p := range m.places {
		if p == place {
			return i + 1
		}
	}
	return 0
}
func (m *byPlace) Start() int { return m.state("") }
func (m *byPlace) Key(s int, key []byte) int {
	return m.state(m.places[s-1] + "/" + string(key))
}
func (m *byPlace) Index(s, i int) int    { return m.state(m.places[s-1] + "/" + fmt.Sprint(i)) }
func (m *byPlace) Marked(state int) bool { return m.marked[m.places[state-1]] }

func TestSchemaMarksHideTheValueWithAllBelow(t *testing.T) {
	marks := &byPlace{
		places: []string{"", "/a", "/a/b", "/l", "/l/1", "/l/1/x"},
		marked: map[string]bool{"/a/b": true, "/l/1/x": true},
	}
	src := `{"\u0061":{"b":{"c":[1]},"c":2,"b":3},"l":[{"x":1},{"x":[2]},{"x":3}],"z":{"a":{"b":4}}}`
	want := `{"\u0061":{"b":"[masked]","c":2,"b":"[masked]"},"l":[{"x":1},{"x":"[masked]"},{"x":3}],"z":{"a":{"b":4}}}`
	got, places := masked(t, standard(), src, marks)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(places) != 2 || places[0] != (Place{"/a/b", "schema", "mask", 2}) {
		t.Errorf("%+v", places)
	}
	marks = &byPlace{places: []string{""}, marked: map[string]bool{"": true}}
	if got, _ := masked(t, standard(), ` [1,2] `, marks); got != ` "[masked]" ` {
		t.Errorf("a marked document became %s", got)
	}
	if got, _ := masked(t, standard(), `[1,2]`, &byPlace{}); got != `[1,2]` {
		t.Errorf("an unmarked document became %s", got)
	}
}

func TestMarksDoNotReachIntoStrings(t *testing.T) {
	marks := &byPlace{places: []string{"", "/a"}, marked: map[string]bool{"/a": true}}
	if got, _ := masked(t, standard(), `["{\"a\":1}"]`, marks); got != `["{\"a\":1}"]` {
		t.Error(got)
	}
}
