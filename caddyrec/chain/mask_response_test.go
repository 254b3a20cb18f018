package chain_test

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

const maskedForClients = "session_record {\n mask_response\n}\nreverse_proxy UPSTREAM"

func TestTheClientGetsTheMaskedAnswerAndTheRecordSaysSo(t *testing.T) {
	r := start(t, "json_schema_guard {\n response DIR/answer.json\n mode report\n}\n"+maskedForClients)
	r.upstream.answer = func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("ETag", `"v1"`)
		h.Set("Content-Digest", "sha-256=:x:")
		h.Set("Content-MD5", "x")
		h.Set("Accept-Ranges", "bytes")
		h.Set("Trailer", "X-Sum")
		io.WriteString(w, `{"ok":true,"pin_hint":17,"password":"p-secret","a":[1,2]}`)
		w.(http.Flusher).Flush()
		h.Set("X-Sum", "t-secret")
	}
	a := r.do("GET", "/", "", "Range", "bytes=0-3", "If-Range", `"v1"`, "Accept-Encoding", "br")
	const want = `{"ok":true,"pin_hint":0,"password":"[masked]","a":[1,2]}`
	if a.StatusCode != 200 || a.text != want || a.ContentLength != int64(len(want)) {
		t.Errorf("got %d %q of length %d", a.StatusCode, a.text, a.ContentLength)
	}
	if a.Header.Get("ETag") != `W/"v1"` || len(a.Trailer) > 0 {
		t.Errorf("the tag is %s, the trailers %v", a.Header.Get("ETag"), a.Trailer)
	}
	for _, name := range []string{"Content-Digest", "Content-MD5", "Accept-Ranges"} {
		if a.Header.Get(name) != "" {
			t.Errorf("%s was left", name)
		}
	}
	up := r.upstream.requests()[0].header
	if up.Get("Range") != "" || up.Get("If-Range") != "" || up.Get("Accept-Encoding") != "identity" {
		t.Errorf("the upstream was asked with %v", up)
	}
	ex := r.one(record.ExchangeType)
	if !ex.Response.Masked || ex.Response.Withheld != "" || strings.Contains(content(ex.Response.Body), "secret") || ex.Response.Headers["etag"] != `"v1"` || ex.Schema.Response.Verdict != "valid" {
		t.Errorf("%+v %s %+v", ex.Response, content(ex.Response.Body), ex.Schema.Response)
	}
}

func TestWhoHasTheClaimGetsTheAnswerAsItIs(t *testing.T) {
	r := start(t, "oidc_auth {\n issuer ISSUER\n audience orders-api\n}\nsession_record {\n mask_response unless groups sec audit\n}\nreverse_proxy UPSTREAM")
	r.ready()
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"password":"p-secret"}`)
	}
	for group, want := range map[string]string{"eng": `{"password":"[masked]"}`, "audit": `{"password":"p-secret"}`, "Sec": `{"password":"[masked]"}`} {
		a := r.do("GET", "/", "", r.as("ana-"+group, group)...)
		if a.text != want || !strings.Contains(a.Header.Get("Vary"), "Authorization") {
			t.Errorf("one of %s got %s, Vary: %s", group, a.text, a.Header.Get("Vary"))
		}
		rec := r.records(func(rec *record.Record) bool {
			return rec.Type == record.ExchangeType && rec.Identity.Subject == "ana-"+group
		})[0]
		if rec.Response.Masked != strings.Contains(want, "[masked]") || strings.Contains(content(rec.Response.Body), "secret") {
			t.Errorf("%s: %+v", group, rec.Response)
		}
	}
}

func TestAnAnswerThatCannotBeMaskedIsNotReleased(t *testing.T) {
	r := start(t, "session_record {\n mask_response\n max_body 1KB\n}\nreverse_proxy UPSTREAM")
	for name, c := range map[string]struct {
		status                  int
		mediaType, coding, body string
		reason                  string
	}{
		"an image":       {200, "image/png", "", "u-secret", "response-unmaskable"},
		"no type":        {200, "", "", "u-secret", "response-unmaskable"},
		"broken JSON":    {200, "application/json", "", `{"password":"u-secret",}`, "response-unmaskable"},
		"br":             {200, "application/json", "br", "u-secret", "response-unmaskable"},
		"a part":         {206, "application/json", "", `{"password":"u-secret"}`, "response-unmaskable"},
		"coded events":   {200, "text/event-stream", "gzip", "u-secret", "response-unmaskable"},
		"too large":      {200, "application/json", "", `"` + strings.Repeat("u-secret", 200) + `"`, "response-too-large"},
		"too large text": {200, "text/plain", "", strings.Repeat("u-secret", 200), "response-too-large"},
		"a large bomb":   {200, "application/json", "gzip", gzipped(`"` + strings.Repeat("u-secret", 200) + `"`), "response-unmaskable"},
	} {
		r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			if c.mediaType != "" {
				w.Header().Set("Content-Type", c.mediaType)
			}
			if c.coding != "" {
				w.Header().Set("Content-Encoding", c.coding)
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
			w.(http.Flusher).Flush()
		}
		a, err := r.try("GET", "/", "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if a.StatusCode != 502 || a.problem(t).Reason != c.reason || strings.Contains(a.text, "secret") {
			t.Errorf("%s: the client got %d %s", name, a.StatusCode, a.text)
		}
		all := r.records(ofType(record.ExchangeType))
		got := all[len(all)-1].Response
		if got.Status != c.status || got.Replaced != 502 || got.Withheld != c.reason || got.Masked || strings.Contains(content(got.Body), "secret") {
			t.Errorf("%s: the record says %+v", name, got)
		}
	}
}

func TestAFirstEventThatCannotBeMaskedIsWithheldOrTheStreamIsCut(t *testing.T) {
	r := start(t, maskedForClients)
	r.upstream.answer = func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		io.WriteString(w, "{\"password\":\"u-secret\",}\n")
		w.(http.Flusher).Flush()
		<-req.Context().Done() // nothing more comes: the gateway ends it
	}
	// reverse_proxy flushes the header on its own, sooner or later.
	a, err := r.try("GET", "/", "")
	if err == nil && (a.StatusCode != 502 || a.problem(t).Reason != "response-unmaskable") || strings.Contains(a.text, "secret") {
		t.Errorf("the client got %d %q", a.StatusCode, a.text)
	}
	if ex := r.one(record.ExchangeType); ex.Response.Withheld != "response-unmaskable" || (ex.Response.Replaced == 502) != (err == nil) {
		t.Errorf("the record says %+v", ex.Response)
	}
}

func TestACodedAnswerIsMaskedUncoded(t *testing.T) {
	r := start(t, maskedForClients)
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, gzipped(`{"password":"p-secret"}`))
	}
	if a := r.do("GET", "/", ""); a.text != `{"password":"[masked]"}` || a.Header.Get("Content-Encoding") != "" {
		t.Errorf("got %q, coded %q", a.text, a.Header.Get("Content-Encoding"))
	}
}

func TestHeadAndNotModifiedSayTheSameAsAMaskedAnswer(t *testing.T) {
	r := start(t, maskedForClients)
	r.upstream.answer = func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"v1"`)
		if strings.Contains(req.Header.Get("If-None-Match"), `"v1"`) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		body := `{"password":"p-secret"}`
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		if req.Method != http.MethodHead {
			io.WriteString(w, body)
		}
	}
	if a := r.do("HEAD", "/", ""); a.StatusCode != 200 || a.ContentLength > 0 || a.Header.Get("ETag") != `W/"v1"` {
		t.Errorf("HEAD got %d, length %d, tag %s", a.StatusCode, a.ContentLength, a.Header.Get("ETag"))
	}
	tag := r.do("GET", "/", "").Header.Get("ETag")
	if a := r.do("GET", "/", "", "If-None-Match", tag); a.StatusCode != 304 || a.Header.Get("ETag") != `W/"v1"` {
		t.Errorf("got %d with tag %s", a.StatusCode, a.Header.Get("ETag"))
	}
}

func TestEventsAreMaskedForTheClientAsTheyCome(t *testing.T) {
	r := start(t, maskedForClients)
	next := make(chan struct{})
	r.upstream.answer = func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		for _, piece := range []string{"{\"pass", "word\":12}\n", "{\"a\":1}\n", "{\"password\":\"e-secret\",}\n"} {
			io.WriteString(w, piece)
			w.(http.Flusher).Flush()
			select {
			case <-next:
			case <-req.Context().Done():
			}
		}
	}
	resp, err := http.Get(r.url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	next <- struct{}{}
	in := bufio.NewReader(resp.Body)
	for _, want := range []string{"{\"password\":0}\n", "{\"a\":1}\n"} {
		if line, err := in.ReadString('\n'); err != nil || line != want {
			t.Fatalf("got %q, %v", line, err)
		}
		next <- struct{}{}
	}
	if rest, err := io.ReadAll(in); err == nil || len(rest) > 0 {
		t.Errorf("behind an event that cannot be masked: %q, %v", rest, err)
	}
	ex := r.one(record.ExchangeType)
	if !ex.Response.Masked || ex.Response.Error != "aborted" || ex.Response.Withheld != "response-unmaskable" {
		t.Errorf("the record says %+v", ex.Response)
	}
	if chunks := r.records(ofType(record.Chunk)); len(chunks) != 2 || content(&chunks[0].Chunk.Body) != "{\"password\":\"[masked]\"}\n" {
		t.Errorf("%d parts recorded", len(chunks))
	}
}

func TestTheGatewaysOwnAnswersAreNotMasked(t *testing.T) {
	r := start(t, `
	oidc_auth {
		issuer ISSUER
		audience orders-api
	}
	session_record {
		mask_response
	}
	jit_approval {
		approvers groups sec
		wait 50ms
	}
	reverse_proxy UPSTREAM`)
	r.ready()
	a := r.do("POST", "/", `{"a":1}`, r.as("ana", "eng")...)
	if a.StatusCode != 202 || a.problem(t).Reason != "approval-pending" || strings.Contains(a.text, "masked") {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
	if ex := r.one(record.ExchangeType); ex.Response.Masked {
		t.Errorf("the record says %+v", ex.Response)
	}
}
