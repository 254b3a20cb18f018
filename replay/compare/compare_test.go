package compare

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

// recorded is a recorded answer with a JSON body.
func recorded(body string, masked ...record.Masked) Recorded {
	return Recorded{Method: "GET", Origin: "https://orders.example", Masked: masked, Response: &record.Response{
		Status: 200, Headers: map[string]string{"content-type": "application/json"}, Body: &record.Body{Content: &body},
	}}
}

func answer(body string) *Answer {
	return &Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body), Origin: "http://127.0.0.1:9000"}
}

// told is a result in short: one line for each difference.
func told(r Result) string {
	var lines []string
	for _, d := range r.Differences {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s > %s", d.Part, d.Pointer, d.Kind, d.Recorded, d.Replayed)))
	}
	return strings.Join(lines, "\n")
}

func TestJSONIsComparedByPath(t *testing.T) {
	for _, c := range []struct{ name, want, got, told string }{
		{"order of members and space do not count", `{"a":1,"b":[true,null]}`, `{"b": [true, null], "a": 1}`, ""},
		{"numbers count by their values", `{"a":1.0,"b":100}`, `{"a":1,"b":1e2}`, ""},
		{"digits beyond a float count", `[12345678901234567890]`, `[12345678901234567891]`, "body /0 changed 12345678901234567890 > 12345678901234567891"},
		{"a number without end is no work", `[1e999999999]`, `[1e999999998]`, "body /0 changed 1e999999999 > \"[masked]\""},
		{"a value", `{"total":1200}`, `{"total":1199}`, "body /total changed 1200 > 1199"},
		{"a type", `{"total":1200}`, `{"total":"1200"}`, `body /total type 1200 > "1200"`},
		{"null is a type", `{"a":{"b":1}}`, `{"a":null}`, `body /a type {"b":1} > null`},
		{"members", `{"a":1,"b/c":2}`, `{"a":1,"d":3}`, "body /b~1c removed 2 >\nbody /d added  > 3"},
		{"one element more at the front", `[{"n":1},{"n":2}]`, `[{"n":0},{"n":1},{"n":2}]`, `body /0 added  > {"n":0}`},
		{"one element less in the middle", `[1,2,3,4]`, `[1,2,4]`, "body /2 removed 3 >"},
		{"another element of as many", `[1,2,3]`, `[1,9,3]`, "body /1 changed 2 > 9"},
		{"no JSON any more", `{"a":1}`, `<html>`, `body  type {"a":1} > <html>`},
		{"nothing any more", `{"a":1}`, ``, `body  removed {"a":1} >`},
		{"a body whose member is repeated is what parsers make of it", `{"a":1,"a":2}`, `{"a":2}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Answers(recorded(c.want), answer(c.got), &Options{})
			if got := told(r); got != c.told {
				t.Errorf("got\n%s\nwant\n%s", got, c.told)
			}
			if r.Matched() != (c.told == "") {
				t.Error("matched and the differences are at odds")
			}
		})
	}
}

func TestWhatIsMaskedMustBeThereWhateverItIs(t *testing.T) {
	drop := record.Masked{Part: "response", Pointer: "/pin", Rule: "key:pin", Action: "drop"}
	for _, c := range []struct{ name, want, got, told string }{
		{"a string", `{"token":"[masked]"}`, `{"token":"abc"}`, ""},
		{"of any type", `{"token":"[masked]"}`, `{"token":{"n":5}}`, ""},
		{"a pseudonym", `{"token":"[masked:6166eb87:Ab-_9]"}`, `{"token":"abc"}`, ""},
		{"not there", `{"token":"[masked]"}`, `{}`, `body /token removed "[masked]" >`},
		{"within a text", `{"note":"mail [masked] now"}`, `{"note":"mail ana@example.com now"}`, ""},
		{"the text around it counts", `{"note":"mail [masked] now"}`, `{"note":"mail ana@example.com later"}`, `body /note changed "mail [masked] now" > "mail [masked] later"`},
		{"a dropped member may be there", `{"a":1}`, `{"a":1,"pin":7}`, ""},
		{"a key that is a secret", `{"[masked]":1}`, `{"ana@example.com":1}`, ""},
		{"a secret key that is gone", `{"[masked]":1}`, `{}`, "body /[masked] removed null >"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Answers(recorded(c.want, drop), answer(c.got), &Options{})
			if got := told(r); got != c.told {
				t.Errorf("got\n%s\nwant\n%s", got, c.told)
			}
			if c.told == "" && r.Masked != 1 {
				t.Errorf("%d places counted as masked", r.Masked)
			}
		})
	}
}

func TestNoSecretOfTheNewAnswerIsTold(t *testing.T) {
	const card, own = "4111111111111111", "a-secret-of-my-own"
	got := answer(`{"card":"` + card + `","note":"paid with ` + card + `","` + card + `":1,"deep":{"password":"hunter2"},"echo":"` + own + `"}`)
	got.Header.Set("Location", "/reset?token="+own)
	r := Answers(recorded(`{}`), got, &Options{Headers: []string{"location"}, Hide: func(s string) string {
		return strings.ReplaceAll(s, own, "[masked]")
	}})
	if len(r.Differences) != 6 {
		t.Fatalf("%d differences:\n%s", len(r.Differences), told(r))
	}
	for _, secret := range []string{card, "hunter2", own} {
		if strings.Contains(told(r), secret) {
			t.Errorf("%s is told:\n%s", secret, told(r))
		}
	}
}

func TestStatusAndChosenHeadersAreCompared(t *testing.T) {
	want := recorded(`{}`)
	want.Response.Headers["location"] = "https://orders.example/orders/1"
	want.Response.Headers["etag"] = `"1"`
	got := answer(`{}`)
	got.Status = 503
	got.Header.Set("Location", "http://127.0.0.1:9000/orders/1")
	got.Header.Set("Etag", `"2"`)
	got.Header.Set("Retry-After", "5")
	r := Answers(want, got, &Options{Headers: []string{"Content-Type", "location", "retry-after"}})
	if got, want := told(r), "status  changed 200 > 503\nheader retry-after added  > 5"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got.Body = []byte(`{"error":"down"}`)
	if r = Answers(want, got, &Options{}); told(r) != `status  changed 200 > 503`+"\n"+`body  changed {} > {"error":"down"}` {
		t.Errorf("an error in place of the answer:\n%s", told(r))
	}
	got.Body = []byte(`{}`)
	got.Header.Set("Location", "https://elsewhere.example/orders/1")
	if r = Answers(want, got, &Options{Headers: []string{"location"}}); len(r.Differences) != 2 {
		t.Errorf("another host's address matches:\n%s", told(r))
	}
}

func TestIgnoredPlacesAreNotCompared(t *testing.T) {
	for _, c := range []struct {
		pattern string
		left    int // differences
	}{
		{"/at", 2}, {"/items/*/at", 2}, {"**", 3}, {"/**/at", 1}, {"/items", 2}, {"status", 2}, {"body", 1},
		{"GET /at", 2}, {"POST /at", 3}, {"GET /orders/* /at", 2}, {"/orders/* /at", 2}, {"GET /other /at", 3}, {"header:etag", 3},
	} {
		p, err := ParsePattern(c.pattern)
		if c.pattern == "**" {
			if err == nil {
				t.Error("a pattern that begins with no slash is taken")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var opts Options
		if p.Concerns("GET", "/orders/7") {
			opts.Ignore = []Pattern{p}
		}
		got := answer(`{"at":2,"items":[{"at":2}]}`)
		got.Status = 201
		r := Answers(recorded(`{"at":1,"items":[{"at":1}]}`), got, &opts)
		if len(r.Differences) != c.left || c.left < 3 && r.Ignored == 0 {
			t.Errorf("%s leaves %d of 3, %d ignored:\n%s", c.pattern, len(r.Differences), r.Ignored, told(r))
		}
	}
}

func TestPatternsThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{"", "  ", "at", "header:", "a b c /d", "GET [ /d"} {
		if p, err := ParsePattern(text); err == nil {
			t.Errorf("%q is %s", text, p)
		}
	}
	for _, text := range []string{"status", "body", "header:etag", "/items/*/at", "GET /orders/* /**/at"} {
		p, err := ParsePattern(text)
		if err != nil || p.String() != text {
			t.Errorf("%q is %q, %v", text, p, err)
		}
	}
}

func TestWhatTwoRunsDoNotAgreeOnIsNoise(t *testing.T) {
	want := recorded(`{"at":1,"n":1,"items":[{"at":1},{"at":1}]}`)
	run := func(body string) Result { return Answers(want, answer(body), &Options{}) }
	if p, err := ParsePlace("/a b/c"); err != nil || p.String() != "/a b/c" {
		t.Errorf("a key with a blank: %v, %v", p, err)
	}
	a := run(`{"at":5,"n":2,"items":[{"at":1},{"at":5}]}`)
	b := run(`{"at":6,"n":2,"items":[{"at":7},{"at":5}]}`)
	noise := Noise(a, b)
	var names []string
	for _, p := range noise {
		names = append(names, p.String())
	}
	if got := strings.Join(names, " "); got != "/at /items/*/at" {
		t.Errorf("the noise is %s", got)
	}
	r := Answers(want, answer(`{"at":9,"n":2,"items":[{"at":9},{"at":9}]}`), &Options{Ignore: noise})
	if got := told(r); got != "body /n changed 1 > 2" {
		t.Errorf("beside the noise:\n%s", got)
	}
}

func TestValuesOfAnotherNameAreTheSame(t *testing.T) {
	want := recorded(`{"id":"ord_1a2b3c","total":5}`)
	want.Response.Headers["location"] = "/orders/ord_1a2b3c"
	got := answer(`{"id":"ord_9z8y7x","total":5}`)
	got.Header.Set("Location", "/orders/ord_9z8y7x")
	same := func(l Leaf) bool { return l.Recorded == "ord_1a2b3c" && l.Replayed == "ord_9z8y7x" }
	r := Answers(want, got, &Options{Headers: []string{"location"}, Same: same})
	if !r.Matched() || r.Renamed != 2 {
		t.Errorf("%d renamed:\n%s", r.Renamed, told(r))
	}
}

func TestAnAnswerThatIsNotOnRecordWholeIsNotCompared(t *testing.T) {
	for name, response := range map[string]*record.Response{
		"canceled":  {Status: 499, Error: "canceled"},
		"not-json":  {Status: 200, Body: &record.Body{Size: 5, Omitted: "not-json"}},
		"truncated": {Status: 200, Body: &record.Body{Content: new(string), Truncated: true}},
	} {
		r := Answers(Recorded{Method: "GET", Response: response}, answer(`{"a":1}`), &Options{})
		if !r.Matched() || r.Uncompared != name {
			t.Errorf("%s: %q, %s", name, r.Uncompared, told(r))
		}
	}
	failed := Answers(Recorded{Method: "GET", Response: &record.Response{Status: 502, Error: "handler"}}, answer(`{}`), &Options{})
	if told(failed) != "status  changed 502 > 200" {
		t.Errorf("an upstream that is back is not told: %s", told(failed))
	}
}

// It takes 2^depth steps if each level walks the next one twice.
func TestNestedArraysOfOtherLengthsAreComparedInTime(t *testing.T) {
	const depth = 200
	want := strings.Repeat("[", depth) + "1" + strings.Repeat(",1]", depth)
	got := strings.Repeat("[", depth) + "2" + strings.Repeat("]", depth)
	if r := Answers(recorded(want), answer(got), &Options{}); r.Matched() {
		t.Error("they match")
	}
}

func TestDifferencesWithoutEndAreCounted(t *testing.T) {
	r := Answers(recorded("["+strings.Repeat("1,", 999)+"1]"), answer("["+strings.Repeat("2,", 999)+"2]"), &Options{})
	if len(r.Differences) != maxDifferences || r.More != 1000-maxDifferences {
		t.Errorf("%d told, %d more", len(r.Differences), r.More)
	}
}

func TestArraysWithinArraysAreComparedInTime(t *testing.T) {
	const depth = 500
	want := strings.Repeat("[", depth) + "1" + strings.Repeat(",2]", depth)
	got := strings.Repeat("[", depth) + "3" + strings.Repeat("]", depth)
	r := Answers(recorded(want), answer(got), &Options{})
	if r.Matched() || len(r.Differences)+r.More != depth+1 {
		t.Errorf("%d differences and %d more", len(r.Differences), r.More)
	}
}
