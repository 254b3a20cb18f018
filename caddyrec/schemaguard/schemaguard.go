// Package schemaguard is the handler json_schema_guard: requests and answers
// are held against an OpenAPI document or JSON Schemas.
package schemaguard

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
)

func init() { caddy.RegisterModule(Handler{}) }

// Handler holds requests and answers against an OpenAPI document (3.0 or 3.1),
// or JSON bodies against JSON Schemas (drafts 4 to 2020-12). What is not valid
// is refused with problem details (RFC 9457) that name the place and the
// keyword, never a value: a request with a 4xx, an answer with 502. Each refusal
// is recorded. What a schema marks `x-sensitive`, `x-mask`, `writeOnly` or
// `format: password` is masked in records.
//
// With an OpenAPI document, the route, the method, the parameters, the media
// type and the status must be declared, and an operation with `x-approval:
// required` goes on only through jit_approval. With files, a request with a
// body, or of a method that has one (POST, PUT, PATCH), must be valid JSON by
// the request schema, whatever its Content-Type says.
//
// When a file changes it is loaded anew, within seconds; if that fails, what was
// loaded before stays.
//
//	json_schema_guard [<matcher>] {
//		openapi <file>
//		request <file>
//		response [<status>] <file>
//		mode enforce|report|shadow
//		mode request|response enforce|report|shadow
//		unknown_route deny|pass
//		unknown_status deny|pass
//		unknown_media deny|pass
//		max_body <size>
//		status <code>
//	}
type Handler struct {
	// The file with the OpenAPI document, in YAML or JSON. It takes the place of
	// Request and Responses.
	OpenAPI string `json:"openapi,omitempty"`

	// The file with the schema of request bodies.
	Request string `json:"request,omitempty"`

	// The files with the schemas of answers, by status: `200`, a class such as
	// `2xx` (what the Caddyfile means without a status), or `default`.
	Responses map[string]string `json:"responses,omitempty"`

	// What becomes of requests that are not valid: `enforce` (the default)
	// refuses them; `report` lets them pass and says so in the record, or,
	// without session_record, in the log; `shadow` looks at them beside the
	// request, which it never delays, and says in the log what is not valid: the
	// record has the verdict only if it was there in time, and is else
	// `unchecked`.
	RequestMode string `json:"request_mode,omitempty"`

	// The same for answers.
	ResponseMode string `json:"response_mode,omitempty"`

	// What becomes of a request whose path and method the OpenAPI document does
	// not declare: `deny` (the default) or `pass`.
	UnknownRoute string `json:"unknown_route,omitempty"`

	// What becomes of an answer with a status that is not declared: `deny` (the
	// default with an OpenAPI document) or `pass` (the default with files).
	UnknownStatus string `json:"unknown_status,omitempty"`

	// What becomes of a body of a media type that is not declared; with files,
	// one that is not JSON: `deny` (the default) or `pass`.
	UnknownMedia string `json:"unknown_media,omitempty"`

	// How large a body that is held against a schema may be, in bytes: a larger
	// request gets 413, a larger answer is withheld. Default: 1 MiB.
	MaxBody int64 `json:"max_body,omitempty"`

	// The status for requests that are not valid by their schemas. Default: 422
	// for bodies, 400 for parameters.
	Status int `json:"status,omitempty"`

	app    *caddyrec.App
	logger *zap.Logger
	files  *files
	// asked says that what passes this guard comes to a jit_approval that asks
	// for what a document wants approved.
	asked bool

	requestMode, responseMode exchange.Mode // what the words mean
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.json_schema_guard", New: func() caddy.Module { return new(Handler) }}
}

// Provision loads the files and begins to watch them.
func (h *Handler) Provision(ctx caddy.Context) error {
	if err := h.Validate(); err != nil {
		return err // before any file is read
	}
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
	h.asked = asksBehind(ctx)
	h.requestMode, h.responseMode = modes[h.RequestMode], modes[h.ResponseMode]
	h.files, err = watch(h.names(), h.load, h.loaded, h.logger)
	return named(err)
}

// Cleanup ends the watching. Requests that are still under way go on with what
// they have.
func (h *Handler) Cleanup() error {
	if h.files != nil {
		h.files.close()
	}
	return nil
}

// names are the files that the configuration names.
func (h *Handler) names() []string {
	names := []string{h.OpenAPI, h.Request}
	for _, name := range h.Responses {
		names = append(names, name)
	}
	return names
}

func (h *Handler) load() (contract, error) {
	if h.OpenAPI != "" {
		return loadDocument(h.OpenAPI, h.policy(), h.app.Masking())
	}
	return loadPlain(h.Request, h.Responses, h.policy())
}

// loaded tells the log what the author of the files should know.
func (h *Handler) loaded(c contract) {
	for _, text := range c.warnings() {
		h.logger.Warn(text, zap.String("openapi", h.OpenAPI))
	}
	n := c.approvals()
	switch {
	case n == 0:
	case h.RequestMode == "shadow":
		h.logger.Warn("operations need approval, and nobody is asked in shadow mode", zap.Int("operations", n), zap.String("openapi", h.OpenAPI))
	case !h.asked:
		h.logger.Warn("operations need approval, and no jit_approval stands behind this json_schema_guard: their requests are refused with 503",
			zap.Int("operations", n), zap.String("openapi", h.OpenAPI))
	}
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
	e := h.files.contract().expect(r)
	if !e.secrets.None() {
		x.Hide(r.URL.EscapedPath(), r.URL.RawQuery, e.secrets)
	}
	x.Plan = &exchange.Plan{Request: e.body, Marks: e.marks, Stray: e.stray, Response: e.response, MaxBody: h.MaxBody,
		Secrets: e.addresses, RequestMode: h.requestMode, ResponseMode: h.responseMode}
	x.HideReferer()
	if refusal := h.checkRequest(r, x, &e); !refusal.Ok() {
		return h.refuse(w, r, v, &e, refusal)
	}
	if e.approval && x.Plan.RequestMode != exchange.Shadow {
		if !h.asked {
			return h.refuse(w, r, v, &e, unapprovable)
		}
		x.NeedsApproval = true
	}
	defer h.report(x)
	if e.response == nil || e.unknown {
		return next.ServeHTTP(w, r)
	}
	return h.serveChecked(w, r, next, v)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
