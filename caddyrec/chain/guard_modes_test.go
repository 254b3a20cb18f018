package chain_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

// answers makes the upstream answer all requests alike.
func (r *rig) answers(status int, contentType, body string) {
	r.upstream.mu.Lock()
	defer r.upstream.mu.Unlock()
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

const bothFiles = "json_schema_guard {\nrequest DIR/order.json\nresponse DIR/answer.json\nmax_body 1KB\nMORE\n}\n"

func TestEachDirectionHasItsMode(t *testing.T) {
	r := start(t, strings.Replace(bothFiles, "MORE", "mode request report response enforce", 1)+"session_record\nreverse_proxy UPSTREAM")
	r.answers(200, "application/json", `{"ok":"yes"}`)
	if a := r.do("POST", "/", `{"amount":"much"}`); a.StatusCode != 502 || a.problem(t).Reason != "response-invalid" {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
	ex := r.one(record.ExchangeType)
	if q, a := ex.Schema.Request, ex.Schema.Response; q.Verdict != "invalid" || q.Mode != "report" || a.Verdict != "invalid" || a.Mode != "enforce" {
		t.Errorf("the verdicts are %+v and %+v", q, a)
	}
	r.load(strings.Replace(bothFiles, "MORE", "mode response report", 1) + "session_record\nreverse_proxy UPSTREAM")
	if a := r.do("POST", "/", `{"amount":"much"}`); a.StatusCode != 422 {
		t.Errorf("a request got %d %s", a.StatusCode, a.text)
	}
	if a := r.do("POST", "/", `{"amount":1}`); a.StatusCode != 200 || a.text != `{"ok":"yes"}` {
		t.Errorf("an answer came as %d %s", a.StatusCode, a.text)
	}
}

func TestShadowModeTellsAndTouchesNothing(t *testing.T) {
	for name, recorder := range map[string]string{"alone": "", "with recorder": "session_record\n"} {
		t.Run(name, func(t *testing.T) {
			r := start(t, strings.Replace(bothFiles, "MORE", "mode shadow", 1)+recorder+"reverse_proxy UPSTREAM")
			large := `{"ok":true,"x":"` + strings.Repeat("v-secret", 200) + `"}`
			r.answers(200, "application/json", large)
			if a := r.do("POST", "/", `{"amount":"v-secret"}`); a.StatusCode != 200 || a.text != large {
				t.Errorf("got %d %.60s", a.StatusCode, a.text)
			}
			r.answers(200, "application/json", `{"ok":"v-secret"}`)
			for _, body := range []string{`{"amount":"v-secret"}`, `v-secret`, `{"amount":1,"amount":2}`, strings.Repeat("v-secret", 200), `{"amount":1}`} {
				if a := r.do("POST", "/", body); a.StatusCode != 200 || a.text != `{"ok":"v-secret"}` {
					t.Errorf("%.30s: got %d %s", body, a.StatusCode, a.text)
				}
			}
			if got := r.upstream.requests(); len(got) != 6 || got[4].body != strings.Repeat("v-secret", 200) {
				t.Errorf("the upstream got %d requests", len(got))
			}
			r.logged(`"side":"request"`, `"mode":"shadow"`, `"keyword":"type"`, `"pointer":"/amount"`)
			r.logged(`"side":"request"`, `"keyword":"body-too-large"`)
			r.logged(`"side":"response"`, `"mode":"shadow"`, `"keyword":"type"`, `"pointer":"/ok"`)
			for _, ex := range r.records(ofType(record.ExchangeType)) {
				if ex.Schema == nil || ex.Schema.Request.Mode != "shadow" || ex.Schema.Response.Mode != "shadow" {
					t.Errorf("the record's schemas are %+v", ex.Schema)
				}
			}
		})
	}
}

func TestShadowModeDelaysNothing(t *testing.T) {
	r := start(t, strings.Replace(bothFiles, "MORE", "mode shadow", 1)+"reverse_proxy UPSTREAM {\nflush_interval -1\n}")
	next := make(chan struct{})
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"ok":`)
		w.(http.Flusher).Flush()
		<-next
		io.WriteString(w, `"yes"}`)
	}
	body, send := io.Pipe()
	req, _ := http.NewRequest("POST", r.url, body)
	req.Header.Set("Content-Type", "application/json")
	go func() {
		io.WriteString(send, `{"amount":"mu`)
		io.WriteString(send, `ch"}`)
		send.Close()
	}()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, 6)
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != `{"ok":` {
		t.Errorf("first came %q, %v", first, err)
	}
	close(next)
	if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != `"yes"}` {
		t.Errorf("then came %q, %v", rest, err)
	}
	r.logged(`"side":"request"`, `"keyword":"type"`)
	r.logged(`"side":"response"`, `"keyword":"type"`)
}

func TestARequestThatIsNotValidMayHaveAnotherStatus(t *testing.T) {
	r := start(t, strings.Replace(bothFiles, "MORE", "status 400", 1)+"reverse_proxy UPSTREAM")
	for body, want := range map[string]int{`{"amount":"much"}`: 400, `{"amount":`: 400, strings.Repeat("x", 2000): 413, `{"amount":1}`: 200} {
		if a := r.do("POST", "/", body); a.StatusCode != want {
			t.Errorf("%.30s: got %d %s", body, a.StatusCode, a.text)
		}
	}
	if a := r.do("POST", "/", `{"amount":"much"}`); a.problem(t).Reason != "schema-invalid" {
		t.Errorf("got %s", a.text)
	}
	if d := r.records(ofType(record.Denied)); d[len(d)-1].Denial.Status != 400 {
		t.Errorf("the record says %+v", d[len(d)-1].Denial)
	}
}

func TestWithFilesOtherMediaTypesPassOnlyWhenToldTo(t *testing.T) {
	site := strings.Replace(bothFiles, "MORE", "unknown_media pass\nunknown_status deny", 1) + "session_record\nreverse_proxy UPSTREAM"
	r := start(t, site)
	large := strings.Repeat("a,b\n", 1000)
	r.answers(200, "text/csv", large)
	if a := r.do("POST", "/", large, "Content-Type", "text/csv"); a.StatusCode != 200 || a.text != large {
		t.Errorf("csv got %d %.60s", a.StatusCode, a.text)
	}
	if v := r.one(record.ExchangeType).Schema.Request; v.Verdict != "unchecked" {
		t.Errorf("the verdict is %+v", v)
	}
	if a := r.do("POST", "/", `{"amount":"much"}`); a.StatusCode != 422 {
		t.Errorf("JSON got %d", a.StatusCode)
	}
	for status, want := range map[int]int{200: 200, 201: 200, 418: 502, 500: 502} {
		r.answers(status, "application/json", `{"ok":true}`)
		if a := r.do("GET", "/", ""); a.StatusCode != want && a.StatusCode != status || a.StatusCode == 502 && a.problem(t).Reason != "response-invalid" {
			t.Errorf("%d came as %d %s", status, a.StatusCode, a.text)
		}
	}
}

func TestOptionsThatContradictEachOtherAreRefusedAtLoad(t *testing.T) {
	r := start(t, "respond ok")
	for options, want := range map[string]string{
		"max_body 1KB": "there is no schema",
		"openapi DIR/none.yaml\nrequest DIR/order.json":       "one document tells both",
		"openapi DIR/none.yaml":                               "none.yaml",
		"request DIR/order.json\nunknown_route pass":          "unknown_route",
		"request DIR/order.json\nunknown_status deny":         "unknown_status",
		"request DIR/nowhere.json":                            "nowhere.json",
		"request DIR/order.json\nresponse 200 DIR/other.json": "other.json",
	} {
		if err := r.tryLoad("json_schema_guard {\n" + options + "\n}\nrespond ok"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", options, err)
		}
	}
}
