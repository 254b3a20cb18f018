package caddyrec

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/exchange"
)

// RunsOnce says whether the request runs because an approval was used up for it.
func (v *Visit) RunsOnce() bool {
	return v.Approval != nil && v.Approval.State == string(approval.Used)
}

// FailedOnce answers such a request with err, which a handler further in has
// returned: handle_errors must not get it, where a reverse_proxy would send it
// on again.
func (v *Visit) FailedOnce(w http.ResponseWriter, err error) error {
	p := exchange.Problem{Title: "The approved request failed", Status: http.StatusInternalServerError, Reason: "approved-failed",
		Detail: "it may have taken effect, and its approval is used up: find out before you ask for another"}
	var he caddyhttp.HandlerError
	if errors.As(err, &he) && he.StatusCode >= 400 {
		p.Status = he.StatusCode
	}
	v.app.logger.Error("an approved request failed", zap.String("exchange", v.ID), zap.String("approval", v.Approval.ID), zap.Error(err))
	return p.Write(w, v.Exchange)
}
