package schema

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan"
)

const (
	draft4    = `"$schema":"http://json-schema.org/draft-04/schema#"`
	draft6    = `"$schema":"http://json-schema.org/draft-06/schema#"`
	draft7    = `"$schema":"http://json-schema.org/draft-07/schema#"`
	draft2019 = `"$schema":"https://json-schema.org/draft/2019-09/schema"`
	draft2020 = `"$schema":"https://json-schema.org/draft/2020-12/schema"`
)

// folder writes files, "name" to text, into a new folder and returns it.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// must loads a schema of one file.
func must(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := Load(filepath.Join(folder(t, map[string]string{"s.json": text}), "s.json"))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

// loadError is what Load says to a schema of one file.
func loadError(t testing.TB, text string) string {
	t.Helper()
	_, err := Load(filepath.Join(folder(t, map[string]string{"s.json": text}), "s.json"))
	if err == nil {
		t.Fatalf("%s was loaded", text)
	}
	return err.Error()
}

// stateAt goes down a pointer. A token that is an index goes both ways unless
// the caller says which by "#3".
func stateAt(m *Marks, pointer string) int {
	at := m.Start()
	if pointer == "" {
		return at
	}
	for tok := range strings.SplitSeq(pointer[1:], "/") {
		tok = strings.ReplaceAll(strings.ReplaceAll(tok, "~1", "/"), "~0", "~")
		if index, ok := strings.CutPrefix(tok, "#"); ok {
			i, _ := strconv.Atoi(index)
			at = m.Index(at, i)
		} else {
			at = m.Key(at, []byte(tok))
		}
	}
	return at
}

// markedPlaces are the outermost marked places of a body, as a masker finds
// them: "/a/#0" for an index.
func markedPlaces(t testing.TB, m *Marks, body string) []string {
	t.Helper()
	if _, err := jsonscan.Check([]byte(body), jsonscan.Limits{}); err != nil {
		t.Fatal(err)
	}
	v, _, err := decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	places := []string{}
	walk(v, "", m.Start(), m, func(place string, at int) bool {
		if m.Marked(at) {
			places = append(places, place)
		}
		return !m.Marked(at)
	})
	return places
}

// walk visits v and what is below while visit says to go on, in stable order.
func walk(v any, place string, at int, m *Marks, visit func(place string, at int) bool) {
	if !visit(place, at) {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			walk(v[k], place+"/"+escapeToken(k), m.Key(at, []byte(k)), m, visit)
		}
	case []any:
		for i, e := range v {
			walk(e, place+"/#"+strconv.Itoa(i), m.Index(at, i), m, visit)
		}
	}
}
