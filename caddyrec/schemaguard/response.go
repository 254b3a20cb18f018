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
func (h *Handler) serveChecked(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler, g *caddyrec.Gateway, x *exchange.Exchange) error {
	c := exchange.NewCapture(w, h.MaxBody)
	defer c.Close()
	c.Pass = func() bool { return x.Checked || x.Local || !x.Plan.Enforce }
	err := c.Run(func() error { return next.ServeHTTP(c, r) })
	if c.Passed() {
		return err
	}
	if err != nil {
		c.Withhold()
		return err
	}
	status := cmp.Or(c.Status(), http.StatusOK)
	refusal := exchange.Refusal{}
	switch {
	case errors.Is(c.Err(), exchange.ErrTooLarge):
		refusal = exchange.Refusal{Reason: "body-too-large"}
		x.Verdicts.Response = exchange.Verdict(h.responseSchema(status), refusal, x.Plan.Enforce)
	default:
		refusal = x.CheckResponse(status, c.Header(), c.Bytes(), h.app.Masking())
	}
	if refusal.Ok() {
		return c.Release()
	}
	h.app.Deny(g, x, record.Denial{By: "json_schema_guard", Status: http.StatusBadGateway, Reason: "response-invalid"}, nil)
	return exchange.Withheld(h.responseSchema(status)).Write(c.Withhold(), x)
}
