package schemaguard

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
)

type source struct{}

func (source) ID() string      { return "source" }
func (source) Version() string { return "1" }
func (source) Digest() string  { return "" }

func TestInShadowModeOnlyAnswersThatWillBeCheckedAreCopied(t *testing.T) {
	nothing := exchange.Expected{}
	something := exchange.Expected{By: source{}, Refusal: unknownStatus}
	for name, c := range map[string]struct {
		want    exchange.Expected
		checked bool // by session_record
		silent  bool // the handler writes nothing
		copied  int
		verdict bool
	}{
		"something is expected":           {something, false, false, 6, true},
		"nothing is expected":             {nothing, false, false, 0, false},
		"checked by session_record":       {something, true, false, 0, false},
		"something, and nobody answered":  {something, false, true, 0, true},
		"nothing is, and nobody answered": {nothing, false, true, 0, false},
	} {
		asked := 0
		x := &exchange.Exchange{Plan: &exchange.Plan{MaxBody: 100, ResponseMode: exchange.Shadow,
			Response: func(int, http.Header) exchange.Expected { asked++; return c.want }}}
		h := &Handler{MaxBody: 100, app: new(caddyrec.App), logger: zap.NewNop()}
		out := httptest.NewRecorder()
		capture := exchange.NewCapture(out, h.MaxBody)
		next := caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
			if x.Checked = c.checked; !c.silent {
				io.WriteString(w, "answer")
			}
			return nil
		})
		if err := h.serveShadowed(capture, httptest.NewRequest("GET", "/", nil), next, &caddyrec.Visit{Exchange: x}); err != nil {
			t.Fatal(err)
		}
		if got := len(capture.Bytes()); got != c.copied {
			t.Errorf("%s: %d bytes were copied", name, got)
		}
		if (x.Verdicts.Response != nil) != c.verdict {
			t.Errorf("%s: %+v", name, x.Verdicts.Response)
		}
		if asked > 1 {
			t.Errorf("%s: what is expected was worked out %d times", name, asked)
		}
		if !c.silent && out.Body.String() != "answer" {
			t.Errorf("%s: the client got %q", name, out.Body)
		}
	}
}
