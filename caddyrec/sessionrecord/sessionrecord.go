// Package sessionrecord is the handler session_record: what was asked and what
// came back, durable before it takes effect.
package sessionrecord

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
)

func init() { caddy.RegisterModule(Handler{}) }

// Handler records requests and their answers, masked, in a ledger that shows
// any later change.
//
// A request whose method is not safe (RFC 9110 section 9.2.1) goes on to the
// upstream only after its intent is durable; an answer goes to the client only
// after its outcome is. If the ledger cannot do that within the app's
// commit_timeout, the request gets 503 with a machine-readable reason.
//
// JSON answers are held until they are whole. Server-sent events and lines of
// NDJSON go out one by one, each masked and recorded before it is released.
// Other answers that the upstream flushes, and those larger than max_body, go
// out in parts, each recorded by length and digest before it is released. What
// cannot be recorded, such as WebSocket and CONNECT, is refused.
//
// It records who asked as oidc_auth says, or any other authentication handler
// that sets `{http.auth.user.id}`.
//
//	session_record {
//		max_body <size>
//		oversize stream|refuse
//		intent unsafe|all|off
//		mask_response [unless <claim> <values...>]
//	}
type Handler struct {
	// How much of a body is recorded with its content, in bytes. Default:
	// 1 MiB.
	MaxBody int64 `json:"max_body,omitempty"`

	// What becomes of a larger body: `stream` (the default) lets it pass and
	// records its length and, for answers, the digest of each part; `refuse`
	// answers a request with 413 and withholds an answer.
	Oversize string `json:"oversize,omitempty"`

	// Which requests have their intent recorded before they go on: those with
	// an `unsafe` method (the default), `all`, or `off`.
	Intent string `json:"intent,omitempty"`

	// Masks answers for the clients too. What cannot be masked without doubt is
	// not released: they get 502.
	MaskResponse *MaskResponse `json:"mask_response,omitempty"`

	app    *caddyrec.App
	logger *zap.Logger
	client *masking.Policy // for clients; nil without MaskResponse
}

// MaskResponse says whose answers are masked: everybody's, but for whom Unless
// makes an exception.
type MaskResponse struct {
	// Who gets answers as the upstream sent them.
	Unless *Claim `json:"unless,omitempty"`
}

// Claim is met by an identity whose claim has one of the values.
type Claim struct {
	// The claim's name, such as `groups`.
	Name string `json:"name"`
	// The values, compared exactly.
	Values []string `json:"values"`
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.session_record", New: func() caddy.Module { return new(Handler) }}
}

// Provision fills in defaults.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.logger = ctx.Logger()
	app, err := ctx.App("caddyrec")
	if err != nil {
		return err
	}
	h.app = app.(*caddyrec.App)
	if err := h.app.CheckPlaces(ctx); err != nil {
		return err
	}
	if h.MaxBody == 0 {
		h.MaxBody = 1 << 20
	}
	if h.Oversize == "" {
		h.Oversize = "stream"
	}
	if h.Intent == "" {
		h.Intent = "unsafe"
	}
	if h.MaskResponse != nil {
		h.client = h.app.Masking().ForClients()
	}
	return nil
}

// Validate checks the options' words.
func (h *Handler) Validate() error {
	switch {
	case h.MaxBody < 0:
		return errors.New("session_record: max_body must be positive")
	case h.Oversize != "stream" && h.Oversize != "refuse":
		return fmt.Errorf("session_record: oversize %q: use stream or refuse", h.Oversize)
	case h.Intent != "unsafe" && h.Intent != "all" && h.Intent != "off":
		return fmt.Errorf("session_record: intent %q: use unsafe, all or off", h.Intent)
	case h.MaskResponse != nil && h.MaskResponse.Unless != nil && (h.MaskResponse.Unless.Name == "" || len(h.MaskResponse.Unless.Values) == 0):
		return errors.New("session_record: mask_response: unless needs a claim's name and its values")
	}
	return nil
}

// ServeHTTP records the request and its answer.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	v, leave, err := h.app.Enter(r)
	if err != nil {
		return h.app.Refuse(w, err)
	}
	defer leave()
	if served, err := v.ServeReserved(w, r); served {
		return err
	}
	v.Identify(r)
	v.Recorded = true
	rec := &recording{Handler: h, visit: v, x: v.Exchange, masker: v.Masker(), r: r}
	rec.masker.Limit = h.MaxBody
	rec.masks = h.masksFor(v.Exchange)
	if refusal := rec.takeRequest(); !refusal.Ok() {
		v.Deny(record.Denial{By: "session_record", Status: refusal.Status, Reason: refusal.Reason}, nil)
		return refusal.Problem("The request cannot be recorded").Write(w, v.Exchange)
	}
	if h.Intent == "all" || (h.Intent == "unsafe" && !safe(r)) {
		if err := rec.commitIntent(); err != nil {
			return v.Unrecorded(w, err)
		}
	}
	return rec.serve(w, next)
}

// safe says whether a request's method is safe by definition (RFC 9110 section
// 9.2.1). A method nobody knows is not, nor is one that is overridden.
func safe(r *http.Request) bool {
	for _, name := range caddyrec.MethodOverrides {
		if len(r.Header[name]) > 0 {
			return false
		}
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// switches says whether r asks to leave HTTP, after which nothing could be
// recorded.
func switches(r *http.Request) bool {
	if r.Method == http.MethodConnect {
		return true
	}
	for _, v := range r.Header["Upgrade"] {
		// h2c is refused by omission: Go's server never switches to it here.
		if strings.TrimSpace(v) != "" {
			return true
		}
	}
	return false
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
