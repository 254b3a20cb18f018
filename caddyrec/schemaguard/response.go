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

// serveChecked holds the answer back until it has been held against its
// schema. A session_record further in does that itself, so that its record
// has the verdict; then the answer passes through here untouched.
func (h *Handler) serveChecked(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler, v *caddyrec.Visit) error {
	x := v.Exchange
	c := exchange.NewCapture(w, h.MaxBody)
	defer c.Close()
	c.Pass = func(status int) bool { return x.Checked || x.Local || h.responseSchema(status) == nil }
	if !x.Plan.Enforce {
		// Only looked at: what is too large, or flushed, goes on unchecked.
		c.Part = func([]byte) error { return nil }
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
	s := h.responseSchema(status)
	if c.Streamed() {
		x.Verdicts.Response = exchange.Verdict(s, exchange.Refusal{Reason: "unchecked"}, false)
		return c.Finish()
	}
	var refusal exchange.Refusal
	if errors.Is(c.Err(), exchange.ErrTooLarge) {
		refusal = exchange.TooLarge(h.MaxBody)
		x.Verdicts.Response = exchange.Verdict(s, refusal, true)
	} else {
		refusal = x.CheckResponse(status, c.Header(), c.Bytes(), h.app.Masking())
	}
	if refusal.Ok() {
		return c.Release()
	}
	v.Deny(record.Denial{By: "json_schema_guard", Status: http.StatusBadGateway, Reason: "response-invalid"}, nil)
	return exchange.Withheld(s).Write(c.Withhold(), x)
}
