package schemaguard

import (
	"net/http"
	"strings"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/schema"
)

// The refusals of a guard, beside those of bodies.
var (
	ambiguousPath = exchange.Refusal{Reason: "ambiguous-path", Status: http.StatusBadRequest,
		Detail: "send the path without empty or dot segments, and without backslashes and encoded slashes"}
	ambiguousMethod = caddyrec.AmbiguousMethod
	unknownRoute    = exchange.Refusal{Reason: "unknown-route", Status: http.StatusNotFound, Detail: "the API has no such path"}
	unknownMethod   = exchange.Refusal{Reason: "unknown-method", Status: http.StatusMethodNotAllowed, Detail: "use one of the methods in Allow"}
	unknownMedia    = exchange.Refusal{Reason: "unknown-media", Status: http.StatusUnsupportedMediaType,
		Detail: "send a body of a media type that the API declares for this operation, with its Content-Type"}
	unknownStatus = exchange.Refusal{Reason: "unknown-status", Status: http.StatusBadGateway}
	unapprovable  = exchange.Refusal{Reason: "approval-unavailable", Status: http.StatusServiceUnavailable,
		Detail: "this operation needs approval, and nothing here asks for it; tell the API's operators the instance"}
)

// parameters is the refusal of a request with these faults in its parameters.
func parameters(faults []schema.Fault, policy *masking.Policy) exchange.Refusal {
	return exchange.Refusal{Reason: "parameter-invalid", Status: http.StatusBadRequest,
		Detail: "correct the parameters named in errors", Faults: exchange.Invalid(faults, policy).Faults}
}

// refuse answers for the upstream and records what was refused.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, v *caddyrec.Visit, e *expectation, why exchange.Refusal) error {
	bySchema := why.Reason == "schema-invalid" || why.Reason == "parameter-invalid"
	if h.Status != 0 && bySchema {
		why.Status = h.Status
	}
	v.Identify(r)
	v.Deny(record.Denial{By: "json_schema_guard", Status: why.Status, Reason: why.Reason}, func(rec *record.Record) {
		h.record(rec, r, v)
	})
	p := why.Problem("The request does not pass")
	if bySchema {
		p.Schema = e.source().ID()
	}
	if len(e.allow) > 0 {
		w.Header().Set("Allow", strings.Join(e.allow, ", "))
	}
	return p.Write(w, v.Exchange)
}

// record describes the body of a refused request.
func (h *Handler) record(rec *record.Record, r *http.Request, v *caddyrec.Visit) {
	body := caddyrec.BodyOf(r)
	// A body that breaks off is recorded as far as it goes: by its length.
	_ = body.Fill(h.MaxBody)
	text, whole := body.Whole(h.MaxBody)
	if !whole {
		rec.Request.Body = v.Masker().Unread(r.Header, body.Size(), "too-large")
		rec.Request.Body.Truncated = true
		v.Before.KeepRequest(rec, text)
		return
	}
	described, masked := v.Masker().Body("request", r.Header, text, v.RequestMarks())
	rec.Request.Body = described
	rec.Masked = append(rec.Masked, masked...)
	v.Before.KeepRequest(rec, text)
}
