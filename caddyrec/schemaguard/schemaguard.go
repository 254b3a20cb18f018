// Package schemaguard is the handler json_schema_guard: requests and answers
// are held against JSON Schemas.
package schemaguard

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/schema"
)

func init() { caddy.RegisterModule(Handler{}) }

// Handler holds JSON bodies against JSON Schemas, drafts 4 to 2020-12. What is
// not valid is refused with problem details (RFC 9457) that name the place and
// the keyword, never a value: a request with 400, 413, 415 or 422, an answer
// with 502. Each refusal is recorded. What a schema marks `x-sensitive`,
// `writeOnly` or `format: password` is masked in records.
//
// A request with a body, or of a method that has one (POST, PUT, PATCH), must
// be valid JSON by the request schema, whatever its Content-Type says.
//
//	json_schema_guard {
//		request <file>
//		response [<status>] <file>
//		mode enforce|report
//		max_body <size>
//	}
type Handler struct {
	// The file with the schema of request bodies.
	Request string `json:"request,omitempty"`

	// The files with the schemas of answers, by status: `200`, a class such as
	// `2xx` (what the Caddyfile means without a status), or `default`. An
	// answer whose status is not named is not held against anything.
	Responses map[string]string `json:"responses,omitempty"`

	// `enforce` (the default) refuses what is not valid; `report` lets it pass
	// and says so in the record, or, without session_record, in the log.
	Mode string `json:"mode,omitempty"`

	// How large a body may be, in bytes: a larger request gets 413, a larger
	// answer is withheld. Default: 1 MiB.
	MaxBody int64 `json:"max_body,omitempty"`

	app       *caddyrec.App
	logger    *zap.Logger
	request   *schema.Schema
	responses map[string]*schema.Schema
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.json_schema_guard", New: func() caddy.Module { return new(Handler) }}
}

// Provision loads the schemas.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.logger = ctx.Logger()
	app, err := ctx.App("caddyrec")
	if err != nil {
		return err
	}
	h.app = app.(*caddyrec.App)
	if h.Mode == "" {
		h.Mode = "enforce"
	}
	if h.MaxBody == 0 {
		h.MaxBody = 1 << 20
	}
	if h.Request != "" {
		if h.request, err = schema.Load(h.Request); err != nil {
			return fmt.Errorf("request schema: %w", err)
		}
	}
	h.responses = make(map[string]*schema.Schema, len(h.Responses))
	loaded := make(map[string]*schema.Schema)
	for status, file := range h.Responses {
		if loaded[file] == nil {
			if loaded[file], err = schema.Load(file); err != nil {
				return fmt.Errorf("response schema for %s: %w", status, err)
			}
		}
		h.responses[status] = loaded[file]
	}
	return nil
}

// Validate checks the mode and the statuses.
func (h *Handler) Validate() error {
	if h.Mode != "enforce" && h.Mode != "report" {
		return fmt.Errorf("mode %q: use enforce or report", h.Mode)
	}
	if h.Request == "" && len(h.Responses) == 0 {
		return errors.New("json_schema_guard has no schema: name a request or a response file")
	}
	if h.MaxBody < 0 {
		return errors.New("max_body must be positive")
	}
	for status := range h.Responses {
		if !validStatus(status) {
			return fmt.Errorf("response %s: not a status such as 200, a class such as 2xx, or default", status)
		}
	}
	return nil
}

func validStatus(s string) bool {
	if s == "default" {
		return true
	}
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return false
	}
	_, err := strconv.Atoi(s)
	return err == nil || s[1:] == "xx"
}

// responseSchema finds the schema of an answer: by status, class, default.
func (h *Handler) responseSchema(status int) *schema.Schema {
	text := strconv.Itoa(status)
	for _, key := range [...]string{text, text[:1] + "xx", "default"} {
		if s := h.responses[key]; s != nil {
			return s
		}
	}
	return nil
}

// ServeHTTP lets valid requests on and valid answers back.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	v, leave, err := h.app.Enter(r)
	if err != nil {
		return h.app.Refuse(w, err)
	}
	defer leave()
	if served, err := v.ServeReserved(w, r); served {
		return err
	}
	x := v.Exchange
	x.Plan = &exchange.Plan{Request: h.request, Enforce: h.Mode == "enforce", MaxBody: h.MaxBody}
	if len(h.responses) > 0 {
		x.Plan.Response = h.responseSchema
		// What must be read must not be coded.
		r.Header.Set("Accept-Encoding", "identity")
	}
	if h.request != nil {
		if refusal := h.checkRequest(r, x); !refusal.Ok() {
			return h.refuse(w, r, v, refusal)
		}
	}
	defer h.report(x)
	if len(h.responses) == 0 {
		return next.ServeHTTP(w, r)
	}
	return h.serveChecked(w, r, next, v)
}

// report logs what report mode let pass, where no record tells of it.
func (h *Handler) report(x *exchange.Exchange) {
	if x.Plan.Enforce || x.Recorded {
		return
	}
	for side, v := range map[string]*record.Verdict{"request": x.Verdicts.Request, "response": x.Verdicts.Response} {
		if v != nil && v.Verdict != "valid" {
			h.logger.Warn("a body does not meet its schema", zap.String("exchange", x.ID), zap.String("side", side),
				zap.String("schema", v.ID), zap.String("verdict", v.Verdict), zap.Any("faults", v.Faults))
		}
	}
}

// checkRequest holds the request's body against the schema and says whether it
// must be refused.
func (h *Handler) checkRequest(r *http.Request, x *exchange.Exchange) exchange.Refusal {
	body := caddyrec.BodyOf(r)
	err := body.Fill(h.MaxBody)
	body.Attach(r)
	var refusal exchange.Refusal
	text, whole := body.Whole(h.MaxBody)
	switch {
	case err != nil:
		return exchange.Unreadable(err)
	case !whole:
		refusal = exchange.TooLarge(h.MaxBody)
	case len(text) == 0 && !hasBody(r.Method):
		return exchange.Refusal{}
	default:
		refusal = exchange.Check(h.request, r.Header, text, h.app.Masking())
	}
	x.Verdicts.Request = exchange.Verdict(h.request, refusal, x.Plan.Enforce)
	if !x.Plan.Enforce {
		return exchange.Refusal{}
	}
	return refusal
}

func hasBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// refuse answers for the upstream and records what was refused.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, v *caddyrec.Visit, why exchange.Refusal) error {
	v.Identify(r)
	v.Deny(record.Denial{By: "json_schema_guard", Status: why.Status, Reason: why.Reason}, func(rec *record.Record) {
		text, whole := v.Body.Whole(h.MaxBody)
		if !whole {
			rec.Request.Body = v.Masker().Unread(r.Header, v.Body.Size(), "too-large")
			return
		}
		body, masked := v.Masker().Body("request", r.Header, text, v.RequestMarks())
		rec.Request.Body = body
		rec.Masked = append(rec.Masked, masked...)
	})
	p := exchange.Problem{Title: "The request body does not pass", Status: why.Status, Reason: why.Reason, Detail: why.Detail, Errors: why.Faults}
	if why.Reason == "schema-invalid" {
		p.Schema = h.request.ID()
	}
	return p.Write(w, v.Exchange)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
