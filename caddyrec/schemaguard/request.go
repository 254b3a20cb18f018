package schemaguard

import (
	"net/http"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// checkRequest holds the request against what is expected of it and says
// whether it must be refused.
func (h *Handler) checkRequest(r *http.Request, x *exchange.Exchange, e *expectation) exchange.Refusal {
	if e.by == nil {
		return exchange.Refusal{}
	}
	if x.Plan.RequestMode == exchange.Shadow {
		h.checkBeside(r, x, *e)
		return exchange.Refusal{}
	}
	refusal, err := h.judge(r, e)
	if err != nil {
		return exchange.Unreadable(err) // in report mode too: nobody has the rest of it
	}
	x.Verdicts.Request = exchange.Verdict(e.source(), refusal, x.Plan.RequestMode)
	if x.Plan.RequestMode == exchange.Report || refusal.Reason == exchange.Unchecked.Reason {
		return exchange.Refusal{}
	}
	return refusal
}

// source is what the verdict on the request names.
func (e *expectation) source() exchange.Source {
	if e.held() {
		return e.body
	}
	return e.by
}

// held says whether a body would be held against a schema.
func (e *expectation) held() bool { return e.refusal.Ok() && e.media.Ok() && e.body != nil }

// judge reads as much of the body as it takes to say what comes of it: all of
// it where it is held against a schema, else whether there is one. The error is
// that it cannot be read.
func (h *Handler) judge(r *http.Request, e *expectation) (exchange.Refusal, error) {
	if !e.refusal.Ok() {
		return e.refusal, nil
	}
	limit := int64(0)
	if e.held() {
		limit = h.MaxBody
	}
	body := caddyrec.BodyOf(r)
	err := body.Fill(limit)
	body.Attach(r)
	if err != nil {
		return exchange.Refusal{}, err
	}
	text, whole := body.Whole(limit)
	if !whole && e.held() {
		return exchange.TooLarge(limit), nil
	}
	return h.judgeBody(r.Header, text, !whole || len(text) > 0, e), nil
}

// judgeBody says what comes of a body. text may be less than the whole where it
// is not held against a schema.
func (h *Handler) judgeBody(header http.Header, text []byte, some bool, e *expectation) exchange.Refusal {
	switch {
	case !some && e.required:
		return exchange.Refusal{Reason: "body-missing", Status: http.StatusBadRequest, Detail: "send a body"}
	case !some:
		return exchange.Refusal{}
	case !e.media.Ok():
		return e.media
	case e.body == nil:
		return exchange.Refusal{}
	}
	return exchange.Check(e.body, header, text, h.MaxBody, h.app.Masking())
}

// report logs what report mode let pass, where no record tells of it.
func (h *Handler) report(x *exchange.Exchange) {
	if x.Recorded {
		return
	}
	if x.Plan.RequestMode == exchange.Report {
		h.tell(x.ID, "request", x.Verdicts.Request)
	}
	if x.Plan.ResponseMode == exchange.Report {
		h.tell(x.ID, "response", x.Verdicts.Response)
	}
}

// tell logs a verdict that is not valid.
func (h *Handler) tell(id, side string, v *record.Verdict) {
	if v == nil || v.Verdict == "valid" {
		return
	}
	log, text := h.logger.Warn, "not valid by its schema, and let pass"
	if v.Verdict == "unchecked" {
		log, text = h.logger.Info, "not held against a schema, and let pass"
	}
	log(text, zap.String("exchange", id), zap.String("side", side), zap.String("mode", v.Mode),
		zap.String("schema", v.ID), zap.String("version", v.Version), zap.String("verdict", v.Verdict), zap.Any("faults", v.Faults))
}
