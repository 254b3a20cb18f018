package chain_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestATraceDoesNotTellTheClientTheUpstreamsCredential(t *testing.T) {
	r := start(t, "oidc_auth {\n issuer ISSUER\n audience orders-api\n upstream_credential X-Api-Key upstream-secret-1\n}\nsession_record\nreverse_proxy UPSTREAM")
	r.ready()
	r.upstream.answer = func(w http.ResponseWriter, req *http.Request) { // as servers do that know TRACE
		w.Header().Set("Content-Type", "message/http")
		fmt.Fprintf(w, "%s %s %s\r\n", req.Method, req.RequestURI, req.Proto)
		req.Header.Write(w)
	}
	for _, method := range []string{"TRACE", "trace"} {
		a := r.do(method, "/", "", append(r.as("ana", "eng"), "X-Api-Key", "mine", "X-Note", "kept")...)
		if a.StatusCode != 200 || strings.Contains(a.text, "upstream-secret-1") || strings.Contains(a.text, "mine") || !strings.Contains(a.text, "X-Note: kept") {
			t.Errorf("%s is answered with %d %s", method, a.StatusCode, a.text)
		}
	}
	if n := len(r.records(ofType(record.ExchangeType))); n != 2 {
		t.Errorf("%d exchanges are on record", n)
	}
}
