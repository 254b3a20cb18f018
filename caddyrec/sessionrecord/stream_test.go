package sessionrecord

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/masking"
)

// streaming is a recording of an answer in events, and counts how often it is
// asked what is expected of that.
func streaming(t *testing.T) (rec *recording, c *exchange.Capture, asked *int) {
	asked = new(int)
	x := &exchange.Exchange{Plan: &exchange.Plan{ResponseMode: exchange.Enforce,
		Response: func(int, http.Header) exchange.Expected { *asked++; return exchange.Expected{} }}}
	policy := new(masking.Policy)
	rec = &recording{Handler: &Handler{client: policy.ForClients()}, x: x,
		masker: exchange.Masker{Policy: policy, Digest: func([]byte) string { return "digest" }}}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "text/event-stream; for=4111111111111111")
	c = exchange.NewCapture(w, 1<<10)
	t.Cleanup(c.Close)
	c.WriteHeader(http.StatusOK)
	return rec, c, asked
}

func TestWhatIsTheSameForAllEventsOfAnAnswerIsWorkedOutOnce(t *testing.T) {
	rec, c, asked := streaming(t)
	if rec.mustBeWhole(c.Status(), c.Header()) {
		t.Error("an answer of which nothing is expected must be whole")
	}
	for range 100 {
		r, out, err := rec.takePart(c, []byte("data: {\"password\":\"LEAK\"}\n\n"), true)
		if err != nil || !strings.Contains(string(out), "LEAK") {
			t.Fatalf("released %q, %v", out, err)
		}
		if b := r.Chunk.Body; b.Content == nil || strings.Contains(*b.Content, "LEAK") || strings.Contains(b.Type, "4111") || b.Digest != "digest" {
			t.Fatalf("%+v", b)
		}
		c.Header().Set("Content-Type", "application/octet-stream") // too late
	}
	if *asked != 1 {
		t.Errorf("what is expected was worked out %d times", *asked)
	}
}

func TestAnEventIsMaskedForTheClientAndAPieceOfOneIsNotReleased(t *testing.T) {
	rec, c, _ := streaming(t)
	rec.masks = true
	if _, out, err := rec.takePart(c, []byte("data: {\"password\":\"LEAK\"}\n\n"), true); err != nil || strings.Contains(string(out), "LEAK") {
		t.Errorf("released %q, %v", out, err)
	}
	if _, out, err := rec.takePart(c, []byte("data: {\"pass"), false); unmasked(err) != "too-large" || out != nil {
		t.Errorf("released %q, %v", out, err)
	}
}
