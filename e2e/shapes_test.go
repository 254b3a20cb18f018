package e2e

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestInsideEncodeTheClientGetsItPackedAndTheRecordPlain(t *testing.T) {
	w := newWorld(t, issuer(t))
	w.vars["SITE"] = "encode {\n\t\tgzip\n\t\tminimum_length 1\n\t}"
	w.start()
	a := w.post("/orders", w.service("service"), order("chair", 1), "Accept-Encoding", "gzip")
	if a.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("the answer is %d with %v", a.Status, a.Header)
	}
	r, err := gzip.NewReader(bytes.NewReader([]byte(a.Body)))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(r); err != nil || string(plain) != receipt {
		t.Errorf("unpacked, the answer is %q, %v", plain, err)
	}
	if x := w.last(record.ExchangeType); *x.Response.Body.Content != receipt {
		t.Errorf("the response on record is %+v", x.Response.Body)
	}
}

func TestAnswersWithoutABodyPassAsTheyAre(t *testing.T) {
	w := newWorld(t, issuer(t)).start(plain)
	token := w.login("ana")
	w.up.answers(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Etag", `"v1"`)
		switch {
		case r.Header.Get("If-None-Match") != "":
			rw.WriteHeader(http.StatusNotModified)
		case r.Method == http.MethodDelete:
			rw.WriteHeader(http.StatusNoContent)
		default:
			rw.Header().Set("Content-Type", "application/json")
			io.WriteString(rw, receipt)
		}
	})
	for _, c := range []struct {
		method string
		header []string
		status int
		body   string
	}{
		{http.MethodGet, nil, http.StatusOK, receipt},
		{http.MethodHead, nil, http.StatusOK, ""},
		{http.MethodGet, []string{"If-None-Match", `"v1"`}, http.StatusNotModified, ""},
		{http.MethodDelete, nil, http.StatusNoContent, ""},
	} {
		a := w.do(w.request(c.method, "/orders/7", token, "", c.header...))
		if a.Status != c.status || a.Body != c.body || a.Header.Get("Etag") != `"v1"` {
			t.Errorf("%s %v is answered with %d %q %v", c.method, c.header, a.Status, a.Body, a.Header)
		}
		if c.method == http.MethodHead && a.Header.Get("Content-Length") == "" {
			t.Errorf("the answer to HEAD has lost its length: %v", a.Header)
		}
		x := w.last(record.ExchangeType)
		if x.Request.Method != c.method || x.Response.Status != c.status || (x.Response.Body != nil) != (c.body != "") {
			t.Errorf("%s is on record as %s", c.method, x.Raw)
		}
	}
	if n := len(w.recorded(record.Intent)); n != 1 {
		t.Errorf("%d intents are on record, want that of DELETE", n)
	}
}

func TestAFloodOfRefusalsIsCountedNotWrittenOut(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	const requests = 1500
	for range requests {
		if a := w.post("/orders", "abc", order("chair", 1)); a.Status != http.StatusUnauthorized {
			t.Fatalf("the answer is %d %s", a.Status, a.Body)
		}
	}
	w.stop()
	var written, counted int64
	for _, l := range w.recorded(record.Denied) {
		if l.Denial.Suppressed > 0 {
			counted += l.Denial.Suppressed
		} else {
			written++
		}
	}
	if written+counted != requests || counted == 0 {
		t.Errorf("of %d refusals %d are written out and %d counted", requests, written, counted)
	}
}
