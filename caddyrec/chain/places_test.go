package chain_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

const nestedAuth = `
	session_record
	handle /admin/* {
		basic_auth {
			ana $2a$04$bw9FG2rDRwsekGBs4HCvSOXdBKCqRokOCLOdZzSDOxxm9dQUT5Lvq
		}
		reverse_proxy UPSTREAM
	}
	reverse_proxy UPSTREAM
`

func TestAnOutcomeSaysWhoAskedThoughAuthenticationStandsBehindTheRecorder(t *testing.T) {
	r := start(t, nestedAuth)
	r.logged("session_record stands before basic_auth: intents will not say who asks")
	if a := r.do("POST", "/admin/x", `{"a":1}`, asAna...); a.StatusCode != 200 {
		t.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	if who := r.one(record.ExchangeType).Identity; who == nil || who.Subject != "ana" {
		t.Errorf("the outcome says %+v", who)
	}
	if who := r.one(record.Intent).Identity; who != nil {
		t.Errorf("nobody was known yet, and the intent says %+v", who)
	}
}

func TestAnAnswerThatBreaksOffSaysWhoAskedThoughAuthenticationStandsBehind(t *testing.T) {
	r := start(t, nestedAuth)
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("part"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	req, err := http.NewRequest("GET", r.url+"/admin/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(asAna[0], asAna[1])
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("the client believes the answer is whole")
	}
	if ex := r.one(record.ExchangeType); ex.Response.Error != "aborted" || ex.Identity == nil || ex.Identity.Subject != "ana" {
		t.Errorf("the outcome says %+v, %+v", ex.Identity, ex.Response)
	}
}

func TestWhoIsRefusedBehindTheRecorderIsNobody(t *testing.T) {
	r := start(t, nestedAuth)
	if a := r.do("GET", "/admin/x", "", "Authorization", "Basic YW5hOndyb25n"); a.StatusCode != 401 {
		t.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	if ex := r.one(record.ExchangeType); ex.Identity != nil || ex.Response.Status != 401 {
		t.Errorf("the outcome says %+v, %+v", ex.Identity, ex.Response)
	}
}

// As docs/session_record.md shows it.
func TestForwardAuthsUserIsOnRecordAndAClientsOwnFieldIsNot(t *testing.T) {
	r := start(t, `
	forward_auth UPSTREAM {
		uri /verify
		copy_headers Remote-User
	}
	map {header.Remote-User} {http.auth.user.id} {
		~(.+) "$1"
	}
	session_record
	reverse_proxy UPSTREAM
`)
	r.upstream.answer = func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/verify" && req.Header.Get("Cookie") == "s=ana" {
			w.Header().Set("Remote-User", "ana")
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"ok":true}`)
	}
	for cookie, who := range map[string]string{"s=ana": "ana", "s=nobody": ""} {
		if a := r.do("GET", "/"+cookie, "", "Cookie", cookie, "Remote-User", "root"); a.StatusCode != 200 {
			t.Fatalf("got %d %s", a.StatusCode, a.text)
		}
		ex := r.records(func(rec *record.Record) bool {
			return rec.Type == record.ExchangeType && strings.HasSuffix(rec.Request.URL, cookie)
		})
		if len(ex) != 1 || who == "" && ex[0].Identity != nil || who != "" && (ex[0].Identity == nil || ex[0].Identity.Subject != who) {
			t.Errorf("%s: the records say %+v", cookie, ex)
		}
	}
}

func TestAWarningNamesTheSite(t *testing.T) {
	r := start(t, "respond ok")
	_, port, _ := strings.Cut(strings.TrimPrefix(r.url, "http://"), ":")
	r.load(`
	basic_auth {
		ana $2a$04$bw9FG2rDRwsekGBs4HCvSOXdBKCqRokOCLOdZzSDOxxm9dQUT5Lvq
	}
	handle /refunds* {
		jit_approval {
			approvers id ben
		}
		respond paid
	}
}
http://b.localhost:` + port + ` {
	session_record
	respond ok
	handle_errors {
		reverse_proxy UPSTREAM
	}
`)
	r.logged("127.0.0.1: jit_approval: nobody can vote")
	r.logged("b.localhost: handle_errors: reverse_proxy sends a request on")
}
