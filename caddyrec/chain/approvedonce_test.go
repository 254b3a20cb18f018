package chain_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestAnApprovedRequestThatFailsIsNotSentOnByAnErrorsRoute(t *testing.T) {
	const again = "\nhandle_errors {\n reverse_proxy UPSTREAM\n}\n"
	for name, site := range map[string]string{
		"recorded":   fullChain + again,
		"unrecorded": strings.Replace(fullChain, "session_record\n", "", 1) + again,
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, site)
			r.ready()
			r.upstream.answer = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
			ana := r.as("ana", "eng")
			id := r.pend(risky, ana...)
			if a := r.vote(id, "approve", r.as("ben", "sec")...); a.StatusCode != 200 {
				t.Fatalf("the vote got %d %s", a.StatusCode, a.text)
			}
			a := r.do("POST", "/refunds", risky, append([]string{"Caddyrec-Approval", id}, ana...)...)
			if a.StatusCode != 502 || a.problem(t).Reason != "approved-failed" {
				t.Errorf("got %d %s", a.StatusCode, a.text)
			}
			if n := len(r.upstream.requests()); n != 1 {
				t.Errorf("it was sent %d times", n)
			}
			r.logged("an approved request failed")
			if name == "recorded" {
				all := r.records(ofType(record.ExchangeType))
				if ex := all[len(all)-1]; ex.Response.Status != 502 || ex.Response.Error != "handler" || ex.Approval.State != "used" {
					t.Errorf("on record is %+v, %+v", ex.Response, ex.Approval)
				}
			}
		})
	}
}
