package chain_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

const guardAlone = `
	json_schema_guard {
		request DIR/order.json
		response 200 DIR/answer.json
		max_body 1KB
	}
	reverse_proxy UPSTREAM
`

func TestTheGuardRefusesByPointerAndKeywordAndNeverByValue(t *testing.T) {
	r := start(t, guardAlone)
	for _, c := range []struct {
		name, body, kind string
		status           int
		reason, pointer  string
		keyword          string
	}{
		{"a wrong type", `{"amount":"v-secret"}`, "application/json", 422, "schema-invalid", "/amount", "type"},
		{"a missing key", `{"note":"v-secret"}`, "application/json", 422, "schema-invalid", "", "required"},
		{"an unknown key", `{"amount":1,"v-secret":1}`, "application/json", 422, "schema-invalid", "", "additionalProperties"},
		{"not JSON", `{"amount":v-secret}`, "application/json", 400, "malformed-json", "", ""},
		{"a key twice", `{"amount":1,"amount":5000}`, "application/json", 400, "duplicate-key", "/amount", "duplicate-key"},
		{"nothing", ``, "application/json", 400, "body-missing", "", ""},
		{"another media type", `{"amount":1}`, "text/plain", 415, "unsupported-media", "", ""},
		{"no media type", `{"amount":1}`, "", 415, "unsupported-media", "", ""},
		{"too much", `{"amount":1,"note":"` + strings.Repeat("x", 2000) + `"}`, "application/json", 413, "body-too-large", "", ""},
	} {
		before := len(r.records(ofType(record.Denied)))
		req, _ := http.NewRequest("POST", r.url+"/", strings.NewReader(c.body))
		if c.kind != "" {
			req.Header.Set("Content-Type", c.kind)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		p := answer{resp, string(text)}.problem(t)
		if resp.StatusCode != c.status || p.Reason != c.reason || strings.Contains(string(text), "v-secret") {
			t.Errorf("%s: %d %s", c.name, resp.StatusCode, text)
		}
		if c.keyword != "" && (len(p.Errors) == 0 || p.Errors[0].Pointer != c.pointer || p.Errors[0].Keyword != c.keyword) {
			t.Errorf("%s: the errors are %+v", c.name, p.Errors)
		}
		if denied := r.records(ofType(record.Denied)); len(denied) != before+1 || denied[before].Denial.Reason != c.reason || denied[before].Denial.By != "json_schema_guard" {
			t.Errorf("%s: not recorded", c.name)
		}
	}
	if n := len(r.upstream.requests()); n != 0 {
		t.Errorf("%d of them reached the upstream", n)
	}
}

func TestTheGuardLetsPassWhatHasNoBody(t *testing.T) {
	r := start(t, guardAlone)
	if a := r.do("GET", "/", ""); a.StatusCode != 200 {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
	if a := r.do("DELETE", "/", `{"nonsense":1}`); a.StatusCode != 422 {
		t.Errorf("a body on DELETE got %d", a.StatusCode)
	}
}

func TestAnAnswerThatBreaksItsSchemaIsWithheld(t *testing.T) {
	for name, site := range map[string]string{
		"alone":         guardAlone,
		"with recorder": strings.Replace(guardAlone, "reverse_proxy", "session_record\n\treverse_proxy", 1),
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, site)
			for _, body := range []string{`{"ok":"r-secret"}`, `r-secret`, ``, `{"ok":true,"ok":false,"x":"r-secret"}`, `{"ok":true,"x":"` + strings.Repeat("r-secret", 200) + `"}`} {
				r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					w.Header().Set("Set-Cookie", "r-secret=1")
					io.WriteString(w, body)
				}
				a := r.do("GET", "/", "")
				if a.StatusCode != 502 || strings.Contains(a.text, "r-secret") || a.Header.Get("Set-Cookie") != "" || a.problem(t).Reason != "response-invalid" {
					t.Errorf("%.30s: got %d %s", body, a.StatusCode, a.text)
				}
			}
		})
	}
}

func TestReportModeLetsPassAndSaysSo(t *testing.T) {
	r := start(t, `
	json_schema_guard {
		request DIR/order.json
		response DIR/answer.json
		mode report
	}
	session_record
	reverse_proxy UPSTREAM
`)
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"ok":"yes"}`)
	}
	if a := r.do("POST", "/", `{"amount":"much"}`); a.StatusCode != 200 || a.text != `{"ok":"yes"}` {
		t.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	ex := r.one(record.ExchangeType)
	for _, v := range []*record.Verdict{ex.Schema.Request, ex.Schema.Response} {
		if v == nil || v.Verdict != "invalid" || v.Mode != "report" || len(v.Faults) != 1 || v.Faults[0].Keyword != "type" {
			t.Errorf("the verdict is %+v", v)
		}
	}
}

func TestTheSchemaMasksTheAnswerToo(t *testing.T) {
	r := start(t, `
	json_schema_guard {
		response DIR/answer.json
	}
	session_record
	reverse_proxy UPSTREAM
`)
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"ok":true,"pin_hint":{"deep":["r-secret"]}}`)
	}
	if a := r.do("GET", "/", ""); a.text != `{"ok":true,"pin_hint":{"deep":["r-secret"]}}` {
		t.Errorf("the client got %s", a.text)
	}
	if got := *r.one(record.ExchangeType).Response.Body.Content; got != `{"ok":true,"pin_hint":"[masked]"}` {
		t.Errorf("the record holds %s", got)
	}
}

func TestAnAnswerWithoutASchemaPassesTheGuardAsItComes(t *testing.T) {
	for name, site := range map[string]string{
		"alone":         "json_schema_guard {\nresponse 201 DIR/answer.json\nmax_body 100B\n}\nreverse_proxy UPSTREAM",
		"with recorder": "json_schema_guard {\nresponse 201 DIR/answer.json\nmax_body 100B\n}\nsession_record\nreverse_proxy UPSTREAM",
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, site)
			next := make(chan struct{})
			r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, "data: one\n\n")
				w.(http.Flusher).Flush()
				<-next
				io.WriteString(w, strings.Repeat("x", 300))
			}
			resp, err := http.Get(r.url)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			first := make([]byte, 11)
			if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "data: one\n\n" {
				t.Errorf("first came %q, %v", first, err)
			}
			close(next)
			if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) != 300 {
				t.Errorf("then came %d bytes, %v", len(rest), err)
			}
		})
	}
}

func TestReportModeWithoutARecorderSaysSoInTheLog(t *testing.T) {
	r := start(t, "json_schema_guard {\nrequest DIR/order.json\nresponse DIR/answer.json\nmode report\nmax_body 1KB\n}\nreverse_proxy UPSTREAM")
	for _, body := range []string{`{"ok":"yes"}`, `{"ok":true,"x":"` + strings.Repeat("x", 2000) + `"}`} {
		r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, body)
		}
		if a := r.do("POST", "/", `{"amount":"much"}`); a.StatusCode != 200 || a.text != body {
			t.Errorf("got %d with %d bytes", a.StatusCode, len(a.text))
		}
	}
	text, err := os.ReadFile(filepath.Join(r.dir, "caddy.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"side":"request"`, `"side":"response"`, `"pointer":"/amount"`, `"verdict":"unchecked"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the log does not say %s", want)
		}
	}
}

func TestRefusedBodiesDoNotFillTheDisk(t *testing.T) {
	r := start(t, strings.Replace(guardAlone, "max_body 1KB", "max_body 1MiB", 1))
	body := `{"note":"` + strings.Repeat("x", 1<<20-100) + `"}`
	var held, flood int
	began := time.Now()
	for range 12 {
		r.do("POST", "/", body)
	}
	// 8 at once and one a second are held: a slow machine may not get to more.
	may := 8 + int(time.Since(began).Seconds()) + 1
	for _, d := range r.records(ofType(record.Denied)) {
		switch b := d.Request.Body; {
		case b.Content != nil:
			held++
		case b.Omitted == "flood" && b.Size == int64(len(body)) && b.Digest != "":
			flood++
		}
	}
	if held == 0 || held > may || held+flood != 12 {
		t.Errorf("%d bodies held, %d by digest only, in %v", held, flood, time.Since(began))
	}
}
