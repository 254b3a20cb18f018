package chain_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestARequestMustBeOneThatTheDocumentDeclares(t *testing.T) {
	r := startAPI(t, guardAPI)
	r.answers(201, "application/json", `{"amount":1}`)
	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		reason, pointer, keyword string
	}{
		{"no such path", "GET", "/v-secret", "", nil, 404, "unknown-route", "", ""},
		{"below a path", "GET", "/orders/5/v-secret", "", nil, 404, "unknown-route", "", ""},
		{"with a slash at its end", "POST", "/orders/", `{"amount":1}`, nil, 404, "unknown-route", "", ""},
		{"no such method", "PATCH", "/orders", `{"amount":1}`, nil, 405, "unknown-method", "", ""},
		{"dots", "GET", "/orders/../v-secret", "", nil, 400, "ambiguous-path", "", ""},
		{"encoded dots", "GET", "/orders/%2e%2e", "", nil, 400, "ambiguous-path", "", ""},
		{"two slashes", "GET", "//orders", "", nil, 400, "ambiguous-path", "", ""},
		{"an encoded slash", "GET", "/orders/1%2Fv-secret", "", nil, 400, "ambiguous-path", "", ""},
		{"an encoded backslash", "GET", "/orders/1%5Cv-secret", "", nil, 400, "ambiguous-path", "", ""},
		{"another method by a header", "POST", "/orders/5", "", []string{"X-HTTP-Method-Override", "DELETE"}, 400, "ambiguous-method", "", ""},
		{"a query that is too large", "GET", "/orders?limit=1001", "", nil, 400, "parameter-invalid", "/query/limit", "maximum"},
		{"a query that is no number", "GET", "/orders?limit=v-secret", "", nil, 400, "parameter-invalid", "/query/limit", "type"},
		{"a path that is no number", "GET", "/orders/v-secret", "", nil, 400, "parameter-invalid", "/path/id", "type"},
		{"a header that is not of the list", "GET", "/orders", "", []string{"X-Tenant", "v-secret"}, 400, "parameter-invalid", "/header/X-Tenant", "enum"},
		{"a body that is not valid", "POST", "/orders", `{"amount":"v-secret"}`, nil, 422, "schema-invalid", "/amount", "type"},
		{"no body", "POST", "/orders", "", nil, 400, "body-missing", "", ""},
		{"another media type", "POST", "/orders", "<v-secret/>", []string{"Content-Type", "application/xml"}, 415, "unknown-media", "", ""},
		{"a charset nobody reads", "POST", "/orders", `{"amount":1}`, []string{"Content-Type", "application/json; charset=utf-7"}, 415, "unsupported-media", "", ""},
		{"a body where there is none", "GET", "/orders/5", `{"amount":1}`, nil, 415, "unknown-media", "", ""},
	} {
		before := len(r.records(ofType(record.Denied)))
		a := r.do(c.method, c.path, c.body, c.header...)
		p := a.problem(t)
		if a.StatusCode != c.status || p.Reason != c.reason || strings.Contains(a.text, "v-secret") {
			t.Errorf("%s: got %d %s", c.name, a.StatusCode, a.text)
		}
		if c.keyword != "" && (len(p.Errors) != 1 || p.Errors[0].Pointer != c.pointer || p.Errors[0].Keyword != c.keyword) {
			t.Errorf("%s: the errors are %+v", c.name, p.Errors)
		}
		if allow := a.Header.Get("Allow"); (c.status == 405) != (allow == "GET, HEAD, POST") {
			t.Errorf("%s: Allow is %q", c.name, allow)
		}
		denied := r.records(ofType(record.Denied))
		if len(denied) != before+1 || denied[before].Denial.Reason != c.reason {
			t.Errorf("%s: not recorded", c.name)
		}
	}
	if n := len(r.upstream.requests()); n != 0 {
		t.Errorf("%d of them reached the upstream", n)
	}
	for _, d := range r.records(ofType(record.Denied)) {
		if d.Denial.Reason == "unknown-route" && d.Request.Body != nil && *d.Request.Body.Content != `"[masked]"` {
			t.Errorf("the body of an unknown route is recorded as %s", *d.Request.Body.Content)
		}
	}
}

func TestWhatTheDocumentDeclaresPasses(t *testing.T) {
	r := startAPI(t, guardAPI)
	large := strings.Repeat("a,b\n", 1<<19)
	for _, c := range []struct {
		name, method, path, body, kind string
		status                         int
		answerKind, answer             string
	}{
		{"a list", "GET", "/orders?limit=5&other=1", "", "", 200, "application/json", `[{"amount":1}]`},
		{"one", "GET", "/orders/5", "", "", 200, "application/json; charset=utf-8", `{"amount":1,"code":"c"}`},
		{"a new one", "POST", "/orders", `{"amount":1}`, "application/json", 201, "application/json", `{"amount":1}`},
		{"no answer to speak of", "POST", "/orders", `{"amount":1}`, "application/json", 204, "", ""},
		{"a class of statuses", "GET", "/orders", "", "", 429, "application/problem+json", `{"code":1}`},
		{"not modified", "GET", "/orders", "", "", 304, "", ""},
		{"HEAD", "HEAD", "/orders", "", "", 200, "", ""},
		{"a large file", "POST", "/orders", large, "text/csv", 204, "", ""},
		{"default", "GET", "/tickets/t1", "", "", 503, "text/csv; charset=utf-16", large},
	} {
		r.answers(c.status, c.answerKind, c.answer)
		header := []string{}
		if c.kind != "" {
			header = []string{"Content-Type", c.kind}
		}
		if a := r.do(c.method, c.path, c.body, header...); a.StatusCode != c.status || a.text != c.answer {
			t.Errorf("%s: got %d %.200s", c.name, a.StatusCode, a.text)
		}
	}
}

func TestAnAnswerMustBeOneThatTheDocumentDeclares(t *testing.T) {
	for name, site := range map[string]string{"alone": strings.Replace(guardAPI, "session_record\n", "", 1), "with recorder": guardAPI} {
		t.Run(name, func(t *testing.T) {
			r := startAPI(t, site)
			for _, c := range []struct {
				name   string
				status int
				kind   string
				body   string
			}{
				{"an unknown status", 500, "application/json", `{"amount":1}`},
				{"another media type", 200, "text/html", "r-secret"},
				{"no media type", 200, "", "r-secret"},
				{"not JSON", 200, "application/json", "r-secret"},
				{"not valid", 200, "application/json", `[{"amount":"r-secret"}]`},
				{"not valid by a class", 404, "application/problem+json", `{"r-secret":1}`},
			} {
				r.answers(c.status, c.kind, c.body)
				if a := r.do("GET", "/orders", ""); a.StatusCode != 502 || a.problem(t).Reason != "response-invalid" || strings.Contains(a.text, "r-secret") {
					t.Errorf("%s: got %d %s", c.name, a.StatusCode, a.text)
				}
			}
		})
	}
}

func TestWhatTheDocumentDoesNotKnowPassesWhenToldTo(t *testing.T) {
	r := startAPI(t, "json_schema_guard {\nopenapi API\nunknown_route pass\nunknown_status pass\nunknown_media pass\n}\nsession_record\nreverse_proxy UPSTREAM")
	r.answers(500, "text/html", "<html>")
	for _, c := range []struct{ method, path, kind string }{
		{"GET", "/other", ""}, {"PATCH", "/orders", "application/json"}, {"GET", "/orders", ""}, {"POST", "/orders", "application/xml"},
	} {
		body := ""
		if c.kind != "" {
			body = `{"amount":"much"}`
		}
		if a := r.do(c.method, c.path, body, "Content-Type", c.kind); a.StatusCode != 500 || a.text != "<html>" {
			t.Errorf("%s %s: got %d %s", c.method, c.path, a.StatusCode, a.text)
		}
	}
	for path, want := range map[string]int{"/orders?limit=0": 400, "/orders/../x": 400, "/orders/5%2frefund": 400, "/other%5Cx": 400} {
		if a := r.do("GET", path, ""); a.StatusCode != want {
			t.Errorf("%s got %d", path, a.StatusCode)
		}
	}
	for i, want := range []string{"unchecked", "unchecked", "valid", "unchecked"} {
		if ex := r.records(ofType(record.ExchangeType))[i]; ex.Schema.Request.Verdict != want {
			t.Errorf("%s: the verdict is %+v", ex.Request.URL, ex.Schema.Request)
		}
	}
}

func TestReportModeTellsAllThatTheDocumentWouldRefuse(t *testing.T) {
	r := startAPI(t, "json_schema_guard {\nopenapi API\nmode report\n}\nsession_record\nreverse_proxy UPSTREAM")
	r.answers(500, "text/html", "<html>")
	for i, c := range []struct{ method, path, request, response string }{
		{"GET", "/v-secret", "unknown-route", ""},
		{"PATCH", "/orders", "unknown-method", ""},
		{"GET", "/orders?limit=0", "minimum", "unknown-status"},
		{"GET", "/tickets/a", "", "unknown-media"},
	} {
		if a := r.do(c.method, c.path, ""); a.StatusCode != 500 || a.text != "<html>" {
			t.Errorf("%s %s: got %d %s", c.method, c.path, a.StatusCode, a.text)
		}
		s := r.records(ofType(record.ExchangeType))[i].Schema
		keyword := func(v *record.Verdict) string {
			if v == nil || len(v.Faults) == 0 {
				return ""
			}
			return v.Faults[0].Keyword
		}
		if keyword(s.Request) != c.request || keyword(s.Response) != c.response {
			t.Errorf("%s %s: the verdicts are %+v and %+v", c.method, c.path, s.Request, s.Response)
		}
	}
}

func TestTheUpstreamGetsWhatTheClientSent(t *testing.T) {
	r := startAPI(t, guardAPI)
	r.answers(201, "application/json", `{"amount":1}`)
	r.do("POST", "/orders", `{"amount":1,"code":"c-secret"}`)
	r.do("POST", "/orders", "a,c-secret", "Content-Type", "text/csv")
	got := r.upstream.requests()
	if len(got) != 2 || got[0].body != `{"amount":1,"code":"c-secret"}` || got[1].body != "a,c-secret" || got[1].method != http.MethodPost {
		t.Errorf("it got %+v", got)
	}
}
