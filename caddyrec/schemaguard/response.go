package schemaguard

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// serveChecked holds the answer back until it has been held against what is
// expected of it. A session_record further in does that itself, so that its
// record has the verdict; then the answer passes through here untouched.
func (h *Handler) serveChecked(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler, v *caddyrec.Visit) error {
	x := v.Exchange
	c := exchange.NewCapture(w, h.MaxBody)
	defer c.Close()
	if x.Plan.ResponseMode == exchange.Shadow {
		return h.serveShadowed(c, r, next, v)
	}
	// What must be read must not be coded.
	r.Header.Set("Accept-Encoding", "identity")
	var want *exchange.Expected
	expect := func(status int, header http.Header) *exchange.Expected {
		if want == nil {
			made := x.Expected(status, header)
			want = &made
		}
		return want
	}
	c.Pass = func(status int, header http.Header) bool {
		return x.Checked || x.Local || expect(status, header).None()
	}
	if x.Plan.ResponseMode == exchange.Report {
		// Only looked at: what is too large, or flushed, goes on unchecked.
		c.Part = func(part []byte, _ bool) ([]byte, error) { return part, nil }
	}
	err := c.Run(func() error { return next.ServeHTTP(c, r) })
	if c.Passed() {
		return err
	}
	if err != nil {
		if c.Streamed() {
			// An error page behind what went out would be taken for more of it.
			panic(http.ErrAbortHandler)
		}
		c.Withhold()
		return err
	}
	status := cmp.Or(c.Status(), http.StatusOK)
	expect(status, c.Header()) // of an answer that was never begun
	by := want.Source()
	if c.Streamed() {
		x.Verdicts.Response = exchange.Verdict(by, exchange.Unchecked, x.Plan.ResponseMode)
		return c.Finish()
	}
	var refusal exchange.Refusal
	if errors.Is(c.Err(), exchange.ErrTooLarge) {
		refusal = exchange.TooLarge(h.MaxBody)
		x.Verdicts.Response = exchange.Verdict(by, refusal, exchange.Enforce)
	} else {
		refusal = x.CheckResponse(want, status, c.Header(), c.Bytes(), h.app.Masking())
	}
	if refusal.Ok() {
		return c.Release()
	}
	v.Deny(record.Denial{By: "json_schema_guard", Status: http.StatusBadGateway, Reason: "response-invalid"}, nil)
	return exchange.Withheld(by).Write(c.Withhold(), x)
}
