package chain_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

// tagged answers as many frameworks do: the entity tag is a hash of the body.
func tagged(w http.ResponseWriter, req *http.Request) {
	const body = `{"password":"4711"}`
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(body)))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", tag)
	if req.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	io.WriteString(w, body)
}

func TestAnEntityTagDoesNotGiveAwayWhatWasMasked(t *testing.T) {
	guess := fmt.Sprintf("%x", sha256.Sum256([]byte(`{"password":"4711"}`)))
	r := start(t, maskedForClients)
	r.upstream.answer = tagged
	a := r.do("GET", "/", "", "If-None-Match", `"`+guess+`"`)
	if a.StatusCode != 200 || a.text != `{"password":"[masked]"}` {
		t.Errorf("who guesses right is told: %d %s", a.StatusCode, a.text)
	}
	tag := a.Header.Get("ETag")
	if !strings.HasPrefix(tag, `W/"keyed-`) || r.do("GET", "/", "").Header.Get("ETag") != tag {
		t.Errorf("the client got the tag %s", tag)
	}
	r.lines(func(line []byte) {
		if strings.Contains(string(line), guess) {
			t.Errorf("on record is a hash of what was masked: %s", line)
		}
	})
	ex := r.records(ofType(record.ExchangeType))[0]
	if want := strings.TrimPrefix(tag, "W/"); ex.Response.Headers["etag"] != want {
		t.Errorf("on record is %s, and the client got %s", ex.Response.Headers["etag"], tag)
	}
}

func TestWhoGetsAnswersAsTheyAreGetsTheirTags(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	r.upstream.answer = tagged
	tag := r.do("GET", "/", "").Header.Get("ETag")
	if a := r.do("GET", "/", "", "If-None-Match", tag); a.StatusCode != 304 {
		t.Errorf("got %d for %s", a.StatusCode, tag)
	}
	all := r.records(ofType(record.ExchangeType))
	if on := all[1].Request.Headers["if-none-match"]; on != all[0].Response.Headers["etag"] || !strings.HasPrefix(on, `"keyed-`) {
		t.Errorf("on record are %s and %s", all[0].Response.Headers["etag"], on)
	}
}
