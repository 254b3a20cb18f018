package exchange

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
)

var testMasker = Masker{Policy: &masking.Policy{}, Digest: func([]byte) string { return "digest" }}

func ofMedia(value string) http.Header { return http.Header{"Content-Type": {value}} }

// split feeds a stream in pieces and returns the events found, and the rest.
func split(lines bool, pieces ...string) (events []string, rest string) {
	s := splitter{lines: lines}
	for _, p := range pieces {
		rest += p
		for n := s.next([]byte(rest)); n > 0; n = s.next([]byte(rest)) {
			events, rest = append(events, rest[:n]), rest[n:]
		}
	}
	return events, rest
}

func TestAnEventEndsWithAnEmptyLineHoweverItArrives(t *testing.T) {
	for name, c := range map[string]struct {
		lines  bool
		stream string
		want   []string
	}{
		"line feeds":       {false, "data: a\ndata: b\n\ndata: c\n\n", []string{"data: a\ndata: b\n\n", "data: c\n\n"}},
		"CRLF":             {false, "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", []string{"data: a\r\ndata: b\r\n\r\n", "data: c\r\n\r\n"}},
		"carriage returns": {false, "data: a\rdata: b\r\rdata: c\r\r", []string{"data: a\rdata: b\r\r", "data: c\r\r"}},
		"a mix":            {false, "data: a\r\ndata: b\n\rdata: c\r\r\n", []string{"data: a\r\ndata: b\n\r", "data: c\r\r\n"}},
		"a comment":        {false, ": ping\n\ndata\n\n", []string{": ping\n\n", "data\n\n"}},
		"lines":            {true, "{\"a\":1}\n{\"b\":\r2}\r\n\n", []string{"{\"a\":1}\n", "{\"b\":\r2}\r\n", "\n"}},
	} {
		whole, rest := split(c.lines, c.stream)
		if !slices.Equal(whole, c.want) || rest != "" {
			t.Errorf("%s: %q and %q", name, whole, rest)
		}
		// Byte by byte, the LF of a last CRLF may come with the next event.
		bytewise, rest := split(c.lines, strings.Split(c.stream, "")...)
		if len(bytewise) != len(c.want) || strings.Join(bytewise, "")+rest != c.stream {
			t.Errorf("%s, byte by byte: %q and %q", name, bytewise, rest)
		}
	}
	if events, rest := split(false, "data: a\n", "data: b"); events != nil || rest != "data: a\ndata: b" {
		t.Errorf("half an event is taken for one: %q", events)
	}
}

func TestAnEventIsMaskedAsTheTextItsDataLinesMake(t *testing.T) {
	for name, c := range map[string]struct{ event, want string }{
		"nothing secret":        {"event: x\nid: 7\ndata: {\"a\": 1}\n\n", "event: x\nid: 7\ndata: {\"a\": 1}\n\n"},
		"JSON":                  {"data: {\"password\":\"LEAK\",\"a\":1}\n\n", "data: {\"password\":\"[masked]\",\"a\":1}\n\n"},
		"a string over lines":   {"id: 1\ndata: {\"pass\ndata: word\":\"LEAK\"}\n\n", "id: 1\ndata: [masked]\n\n"},
		"a key and its value":   {"data:{\"password\":\ndata:  \"LEAK\"}\nid: 2\n\n", "data: {\"password\":\ndata:  \"[masked]\"}\nid: 2\n\n"},
		"other fields between":  {"data: {\"password\":\nevent: x\ndata: \"LEAK\"}\n\n", "data: {\"password\":\ndata: \"[masked]\"}\nevent: x\n\n"},
		"text":                  {"data: card 4111 1111 1111 1111\n\n", "data: card [masked]\n\n"},
		"broken JSON":           {"data: {\"password\":\"LEAK\",}\n\n", "data: [masked]\n\n"},
		"a comment":             {": password=LEAK\n\n", ": password=[masked]\n\n"},
		"an id":                 {"id: 4111111111111111\r\n\r\n", "id: [masked]\r\n\r\n"},
		"a key over comments":   {":-----BEGIN PRIVATE KEY-----\n:LEAK\ndata: x\n: LEAK\n:-----END PRIVATE KEY-----\nid: 1\n\n", ":[masked]\nid: 1\ndata: x\n\n"},
		"comments":              {": a\r\n: b\nevent: x\r\n\n", ": a\r\n: b\nevent: x\r\n\n"},
		"a byte order mark":     {"\ufeffdata: {\"password\":\"LEAK\"}\n\n", "data: {\"password\":\"[masked]\"}\n\n"},
		"an end without a line": {"data: {\"password\":\"LEAK\"}", "data: {\"password\":\"[masked]\"}\n"},
		"carriage returns":      {"data: {\"password\":\"LEAK\"}\r\r", "data: {\"password\":\"[masked]\"}\n\r"},
	} {
		body, _ := testMasker.Stream(ofMedia("text/event-stream"), nil).Event([]byte(c.event))
		if body.Content == nil || *body.Content != c.want {
			t.Errorf("%s: %+v, content %q", name, body, text(&body))
		}
	}
	for name, e := range map[string]struct{ media, event, why string }{
		"bytes that are no text": {"text/event-stream", "data: \xff\n\n", "not-text"},
		"UTF-16":                 {"text/event-stream", "data: p\x00a\x00s\x00s\x00=\x00L\x00\n\n", "not-text"},
		"a line that is no JSON": {"application/x-ndjson", "{\"password\":\"LEAK\",}\n", "invalid-json"},
		"too much text":          {"text/event-stream", "data: " + strings.Repeat("x", maxText+1) + "\n\n", "too-large"},
		"too long a comment":     {"text/event-stream", ": " + strings.Repeat("x", maxText+1) + "\n\n", "too-large"},
	} {
		if body, masked := testMasker.Stream(ofMedia(e.media), nil).Event([]byte(e.event)); body.Content != nil || body.Omitted != e.why || masked != nil || body.Digest == "" {
			t.Errorf("%s: %+v", name, body)
		}
	}
}

func TestWhereASchemaMarksPlacesBrokenJSONIsNotText(t *testing.T) {
	marks := marksOf(loaded(t, `{"properties":{"knob":{"x-sensitive":true}}}`))
	for event, want := range map[string]string{
		"data: {\"knob\":\"LEAK\"}\n\n":    "data: {\"knob\":\"[masked]\"}\n\n",
		"data: [DONE]\n\n":                 "data: [DONE]\n\n",
		"data: {\"knob\":\"LEAK\",}\n\n":   "",
		"data: [{\"knob\":\"LEAK\",}]\n\n": "",
	} {
		if body, _ := testMasker.Stream(ofMedia("text/event-stream"), marks).Event([]byte(event)); text(&body) != want {
			t.Errorf("%q: %q", event, text(&body))
		}
	}
	for body, want := range map[string]string{`{"knob":"LEAK"}`: `{"knob":"[masked]"}`, `{"knob":"LEAK",}`: "", "LEAK": ""} {
		if got, _ := testMasker.Body("request", ofMedia("text/plain"), []byte(body), marks); text(got) != want {
			t.Errorf("%q: %q", body, text(got))
		}
	}
}

func text(b *record.Body) string {
	if b.Content == nil {
		return ""
	}
	return *b.Content
}

func TestABodyOfEventsIsMaskedOneByOne(t *testing.T) {
	body, masked := testMasker.Body("response", ofMedia("application/x-ndjson"), []byte("{\"a\":1}\n\n{\"password\":\"LEAK\"}\n{\"b\":2}"), nil)
	if text(body) != "{\"a\":1}\n\n{\"password\":\"[masked]\"}\n{\"b\":2}" || len(masked) != 1 || masked[0].Pointer != "/2/password" {
		t.Errorf("%q %+v", text(body), masked)
	}
	many := strings.Repeat("{\"password\":\"LEAK\"}\n", 1000)
	body, masked = testMasker.Body("response", ofMedia("application/x-ndjson"), []byte(many), nil)
	if strings.Contains(text(body), "LEAK") || len(masked) != maxMasked || masked[maxMasked-1].Rule != "more" || masked[maxMasked-1].Count != 1000-maxMasked+1 {
		t.Errorf("%d places, the last %+v", len(masked), masked[len(masked)-1])
	}
}

func TestEventsOfNothingTakeNoWork(t *testing.T) {
	for _, end := range []string{"\r", "\n", "\r\n"} {
		lines := strings.Repeat(end, 4096) // each is an event
		var got *record.Body
		made := testing.AllocsPerRun(5, func() {
			got, _ = testMasker.Body("request", ofMedia("text/event-stream"), []byte(lines), nil)
		})
		if text(got) != lines || made > 50 {
			t.Errorf("%q: %.40q, %.0f allocations", end, text(got), made)
		}
	}
}

// FuzzEvents: whatever comes in whatever pieces, no byte is lost or doubled,
// and what is masked once needs no more masking.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("data: {\"password\":\"x\"}\n\ndata: y\r\n\r\n"), 3, false)
	f.Add([]byte("\ufeffid: 1\rdata\r\rdata: a\ndata: b"), 1, false)
	f.Add([]byte("{\"password\":1}\n\n[]\r\n"), 2, true)
	f.Fuzz(func(t *testing.T, b []byte, step int, lines bool) {
		var pieces []string
		for rest := string(b); rest != ""; {
			n := min(max(1, step), len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		events, rest := split(lines, pieces...)
		if strings.Join(events, "")+rest != string(b) {
			t.Fatalf("%q became %q and %q", b, events, rest)
		}
		media := "text/event-stream"
		if lines {
			media = "application/x-ndjson"
		}
		for _, e := range events {
			once, _ := testMasker.Stream(ofMedia(media), nil).Event([]byte(e))
			if once.Content == nil {
				continue
			}
			again, _ := testMasker.Stream(ofMedia(media), nil).Event([]byte(*once.Content))
			if text(&again) != *once.Content {
				t.Errorf("%q became %q, then %q", e, *once.Content, text(&again))
			}
		}
	})
}
