package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/caddyrec/caddyrec/jsonscan"
)

func TestWhatIsNotVisibleIsSpelledOut(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "",
		"plain text":                      "plain text",
		"Grüße, 世界 😀":                     "Grüße, 世界 😀",
		"\x1b[2J\x07":                     `\x1b[2J\x07`,
		"a\nb\r\tc\x00\x7f":               `a\x0ab\x0d\x09c\x00\x7f`,
		"\u009b31m":                       `\u009b31m`,
		"user\u202egnp.exe":               `user\u202egnp.exe`,
		"\u2066a\u2069":                   `\u2066a\u2069`,
		"a\u200bb\ufeffc":                 `a\u200bb\ufeffc`,
		"a\u2028b":                        `a\u2028b`,
		"\xff\xc3":                        `\xff\xc3`,
		"\ufffd":                          "\ufffd",
		"\U000e0041":                      `\U000e0041`,
		"e\u0301":                         "e\u0301",
		"e\u0301\u0301\u0301\u0301\u0301": "e\u0301\u0301\u0301\u0301" + `\u0301`,
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestJSONOnATerminalKeepsItsMeaning(t *testing.T) {
	in := `{"a":"x` + "\u009b\u202e\U000e0041" + `y","b":"世"}`
	out := cleanJSON(in)
	if bad := unsafe(out); bad != "" {
		t.Errorf("%q in %q", bad, out)
	}
	var a, b any
	mustNot(t, json.Unmarshal([]byte(in), &a))
	mustNot(t, json.Unmarshal([]byte(out), &b))
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%q means something else than %q", out, in)
	}
}

func TestTextsAreCutAtTheColumn(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"hello", 5, "hello"}, {"hello", 4, "hel…"}, {"hello", 1, "…"}, {"hello", 0, ""},
		{"世界", 4, "世界"}, {"世界", 3, "世…"}, {"世界", 2, "…"}, {"e\u0301e\u0301", 2, "e\u0301e\u0301"},
	} {
		if got := cut(c.in, c.n); got != c.want {
			t.Errorf("cut(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestColoursAreThereOnlyWhenAskedFor(t *testing.T) {
	for _, paint := range []bool{false, true} {
		s := newScreen().terminal(80)
		s.paint = paint
		tab := newTable(s.console, []column{{title: "A", right: true}, {title: "B"}})
		mustNot(t, tab.row([]cell{{"1", bad}, {"x", good}}))
		mustNot(t, tab.live(false))
		if got := strings.Contains(s.stdout.String(), "\x1b["); got != paint {
			t.Errorf("paint %v: %q", paint, s.stdout)
		}
		wantText(t, ourColours.ReplaceAllString(s.stdout.String(), ""), "A  B\n1  x\n")
	}
}

func TestJSONIsSetInLines(t *testing.T) {
	marks := map[string]string{"/a/1": "key:card", "": "never"}
	s := newScreen()
	lines, ok := s.prettyJSON([]byte(`{"a":[1,"[masked]",{}],"b":{"c":[]},"d":"[masked]"}`), marks)
	if !ok {
		t.Fatal("refused")
	}
	wantText(t, strings.Join(lines, "\n"), strings.TrimSpace(`
{
  "a": [
    1,
    "[masked]",  ← key:card
    {}
  ],
  "b": {
    "c": []
  },
  "d": "[masked]"
}`))
	s.paint = true
	lines, _ = s.prettyJSON([]byte(`{"a":[1,"x [masked]"],"d":"[masked]"}`), marks)
	painted := "\x1b[7;33m[masked]\x1b[0m"
	if text := strings.Join(lines, "\n"); strings.Count(text, painted) != 1 || !strings.Contains(text, `"x `+painted+`"`) {
		t.Errorf("only what was masked is marked, but got %q", text)
	}
	for _, bad := range []string{"", "x", `{"a":1`, `{} {}`} {
		if _, ok := s.prettyJSON([]byte(bad), nil); ok {
			t.Errorf("%q was taken for JSON", bad)
		}
	}
}

func TestMarksAreFoundWhateverTheKeysAroundThem(t *testing.T) {
	long := strings.Repeat("k", 500_000)
	body := `{"` + long + `":[` + strings.Repeat(`"masked",`, 50_000) + `{"` + long[:1000] + `":1}],"\u0070\u0061\u0073\u0073":[{"` + long[:99] + `":1},"[masked]"],"/~":"[masked]"}`
	began := time.Now()
	lines, ok := newScreen().prettyJSON([]byte(body), map[string]string{"/pass/1": "key:pass", "/~1~0": "key:x"})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	all := strings.Join(lines[50_000:], "\n")
	if !ok || !strings.Contains(all, `"[masked]"  ← key:pass`) || !strings.Contains(all, `"[masked]"  ← key:x`) {
		t.Errorf("%v: %s", ok, all[max(0, len(all)-300):])
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "\x1b[31m", "\u202e", "世e\u0301", "\xff"} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		out := clean(s)
		if bad := unsafe(out); bad != "" || strings.Contains(out, "\n") || !utf8.ValidString(out) {
			t.Fatalf("clean(%q) = %q", s, out)
		}
		n %= 100
		if got := columns(cut(out, n)); got > max(n, 0) {
			t.Fatalf("%q takes %d of %d columns", cut(out, n), got, n)
		}
	})
}

func FuzzPrettyJSON(f *testing.F) {
	for _, s := range []string{`{}`, `[1,"a",null,{"b":[]}]`, `"x"`, `{"a":{"a":{}},"b":[[],[1]]}`, "[\"\u202e\"]", `{"a":1`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lines, ok := newScreen().prettyJSON([]byte(s), nil)
		_, err := jsonscan.Check([]byte(s), jsonscan.Limits{})
		if ok != (err == nil) {
			t.Fatalf("%q: shown as JSON is %v, %v", s, ok, err)
		}
		var before, after any
		if !ok || json.Unmarshal([]byte(s), &before) != nil {
			return
		}
		text := strings.Join(lines, "\n")
		if bad := unsafe(text); bad != "" {
			t.Fatalf("%q in %q", bad, text)
		}
		if strings.Contains(text, `\U`) || strings.Contains(text, `\x`) {
			return // spelled out beyond JSON's own escapes
		}
		if err := json.Unmarshal([]byte(text), &after); err != nil || fmt.Sprint(before) != fmt.Sprint(after) {
			t.Fatalf("%q became %q: %v", s, text, err)
		}
	})
}
