package rerun

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage/local"
)

func TestMaskedValuesAreFilledOrSaidToBeMissing(t *testing.T) {
	const pseudonym = "[masked:6166eb87:AbCdEf]"
	masked := []record.Masked{
		{Part: "request", Pointer: "/card", Rule: "detect:card", Action: "mask"},
		{Part: "request", Pointer: "/pin", Rule: "key:pin", Action: "drop"},
		{Part: "request", Pointer: "/codes/0", Rule: "path:/codes/0", Action: "drop"},
		{Part: "url", Pointer: "token", Rule: "key:token", Action: "mask"},
	}
	r := &recording{t: t}
	r.add(0, "POST", "/pay/%5Bmasked%5D?token=%5Bmasked%5D", `{"password":"`+pseudonym+`","card":"[masked]","cvv":"[masked]","note":"mail [masked] now","codes":[],"a":{}}`, 200, `{}`, masked...)
	r.steps[0].Request.Headers["cookie"] = "sid=[masked]"
	secrets, err := ParseSecrets([]byte(`{"fields":{"Pass-Word":{"` + pseudonym + `":"corr\"ect","*":"wrong"},"/cvv":987,"path:2":"ana@example.com","token":"t&t"}}`))
	if err != nil {
		t.Fatal(err)
	}
	s := r.echo()
	o := options(s)
	o.Secrets = secrets
	f := run(t, r, o)
	wantLines(t, s.lines(), `POST /pay/ana@example.com?token=t%26t {"pin":123,"password":"corr\"ect","card":"4242424242424242","cvv":987,"note":"mail stand-in-`+strings.TrimPrefix(standIn(place{Field: "note", Mark: "[masked]"}).(string), "stand-in-")+` now","codes":[],"a":{}}`)
	out := f.Outcomes[0]
	if got := fmt.Sprint(out.Filled); got != "[{url 2 secrets} {url token secrets} {request /pin stand-in} {request /password secrets} {request /card stand-in} {request /cvv secrets} {request /note stand-in}]" {
		t.Errorf("filled: %s", got)
	}
	if got := fmt.Sprint(out.Unfilled); got != "[cookie sid request /codes/0]" {
		t.Errorf("unfilled: %s", got)
	}

	s = r.echo()
	o = options(s)
	o.StandIns = false
	if f = run(t, r, o); len(s.asked) != 0 || f.Outcomes[0].Why != WhyUnfilled || f.Counts.AllMatched() {
		t.Errorf("a mark was sent in place of a value: %v %+v", s.lines(), f.Outcomes[0])
	}
}

func TestNothingThatWasFilledInIsTold(t *testing.T) {
	const secret, credential, cookie = "correct horse battery", "Bearer the-replayers-own", "cookie-of-the-target"
	r := &recording{t: t}
	r.add(0, "POST", "/login", `{"password":"[masked]"}`, 200, `{"ok":true}`)
	r.add(0, "POST", "/login", `{"password":"[masked]"}`, 200, `{"ok":true}`)
	s := &target{answer: func(r *http.Request, body string) (int, string, http.Header) {
		return 400, `{"error":"bad ` + secret + `","sent":` + body + `,"auth":"` + r.Header.Get("Authorization") + `","c":"` + cookie + `"}`,
			http.Header{"Location": {"/x?p=" + url.QueryEscape(secret)}, "Set-Cookie": {"sid=" + cookie}}
	}}
	secrets, _ := ParseSecrets([]byte(`{"fields":{"password":"` + secret + `"}}`))
	o := options(s)
	o.Secrets, o.Credential = secrets, func(context.Context, string) (string, error) { return credential, nil }
	state, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	o.State = state
	f := run(t, r, o)
	if f.Counts.Differed != 2 || s.asked[1].header.Get("Authorization") != credential {
		t.Fatalf("%+v %v", f.Counts, s.asked[1].header)
	}
	text, _ := json.Marshal(f.Outcomes)
	for name, err := range state.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := ReadState(t.Context(), state, name, &v); err != nil {
			t.Fatal(err)
		}
		text = fmt.Append(text, v)
	}
	for _, bad := range []string{"correct", "replayers-own", cookie} {
		if strings.Contains(string(text), bad) {
			t.Errorf("%s is told: %s", bad, text)
		}
	}
}

func TestABodyWithoutAMarkIsSentAsItWas(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "POST", "/notes", "buy milk", 200, `{}`)
	s := r.echo()
	run(t, r, options(s))
	wantLines(t, s.lines(), "POST /notes buy milk")
}

func TestABodyThatIsNotOnRecordIsNotMadeUp(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "POST", "/a", "", 200, `{}`)
	r.steps[0].Request.Body = &record.Body{Size: 5, Omitted: "not-json"}
	s := r.echo()
	f := run(t, r, options(s))
	if len(s.asked) != 0 || f.Outcomes[0].Why != WhyNoBody || !strings.Contains(f.Outcomes[0].Detail, "not-json") {
		t.Errorf("%v %+v", s.lines(), f.Outcomes[0])
	}
}

func TestACredentialThatIsRefusedIsAskedForAnew(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "GET", "/a", "", 200, `{}`)
	s := &target{answer: func(r *http.Request, _ string) (int, string, http.Header) {
		if r.Header.Get("Authorization") == "Bearer old" {
			return 401, "", nil
		}
		return 200, `{}`, nil
	}}
	o := options(s)
	o.Credential = func(_ context.Context, refused string) (string, error) {
		if refused == "Bearer old" {
			return "Bearer new", nil
		}
		return "Bearer old", nil
	}
	if f := run(t, r, o); !f.Counts.AllMatched() || len(s.asked) != 2 {
		t.Errorf("%+v, %d requests", f.Counts, len(s.asked))
	}
}

func TestCookiesOfTheTargetAndAHeaderFromItsAnswersAreSent(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "GET", "/form", "", 200, `{"csrf":"[masked]"}`)
	r.add(0, "POST", "/form", `{}`, 200, `{}`)
	r.steps[1].Request.Headers["cookie"] = "sid=[masked]; old=[masked]"
	s := &target{answer: func(r *http.Request, _ string) (int, string, http.Header) {
		if r.Method == "GET" {
			return 200, `{"csrf":"abc"}`, http.Header{"Set-Cookie": {"sid=s1; Path=/", "other=o1"}}
		}
		return 200, `{}`, nil
	}}
	o := options(s)
	o.Headers = []Header{{Name: "X-Csrf-Token", Value: "{answer.csrf}"}, {Name: "X-Env", Value: "test"}}
	f := run(t, r, o)
	if h := s.asked[0].header; h.Get("X-Csrf-Token") != "" || h.Get("X-Env") != "test" {
		t.Errorf("first: %v", h)
	}
	if h := s.asked[1].header; h.Get("X-Csrf-Token") != "abc" || h.Get("Cookie") != "sid=s1" {
		t.Errorf("second: %v", h)
	}
	if got := fmt.Sprint(f.Outcomes[1].Unfilled); got != "[cookie old]" {
		t.Errorf("unfilled: %s", got)
	}
}
