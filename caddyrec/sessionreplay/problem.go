package sessionreplay

import (
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/replay/provision"
)

// answers are the titles and statuses of refusals. What is not among them is 401.
var answers = map[provision.Reason]struct {
	status int
	title  string
	detail string
	retry  time.Duration
}{
	provision.Missing:     {http.StatusUnauthorized, "A provisioning key is needed", "send Authorization: Bearer <key>", 0},
	provision.Expired:     {http.StatusUnauthorized, "The provisioning key has expired", "ask for another", 0},
	provision.WrongProof:  {http.StatusUnauthorized, "The proof of possession is missing or wrong", "a key that is bound to a DPoP key needs the DPoP scheme and a fresh proof (RFC 9449), one that is not must have the Bearer scheme", 0},
	provision.WrongClient: {http.StatusForbidden, "The provisioning key is bound to another client", "use it where it was issued for", 0},
	provision.OutOfScope:  {http.StatusForbidden, "The provisioning key is not for this session", "ask for a key that names it", 0},
	provision.FramesSpent: {http.StatusForbidden, "All frames that the key was good for have been shown", "ask for another", 0},
	provision.FramesLost:  {http.StatusForbidden, "It is not known how many frames the key was shown", "ask this gateway for another", 0},
	provision.Unsure:      {http.StatusServiceUnavailable, "It cannot be known whether the key was revoked", "try again later", 5 * time.Second},
	provision.Ended:       {http.StatusServiceUnavailable, "The gateway is closing", "try again", time.Second},
	provision.Busy:        {http.StatusTooManyRequests, "Too much is asked at once", "try again later", time.Minute},
	provision.Misplaced:   {http.StatusBadRequest, "A key stands where it must not", "", 0},
	provision.Invalid:     {http.StatusBadRequest, "Not what a key can be issued for", "", 0},
	provision.NotFound:    {http.StatusNotFound, "No such key", "", 0},
}

// problem is what a refusal, or a failure of the store or the ledger, is
// answered with; false: it is the latter.
func problem(err error) (p exchange.Problem, ok bool) {
	var r *provision.Refusal
	if !errors.As(err, &r) {
		return p, false
	}
	a, known := answers[r.Reason]
	if !known {
		a.status, a.title, a.detail = http.StatusUnauthorized, "The provisioning key is not valid", "ask for another; this one was refused: "+string(r.Reason)
	}
	p = exchange.Problem{Title: a.title, Status: a.status, Reason: "key-" + string(r.Reason), Detail: a.detail, RetryAfter: a.retry}
	if r.Detail != "" {
		p.Detail = r.Detail
	}
	switch {
	case r.Reason == provision.Missing:
		p.Challenge = exchange.Challenge("") // RFC 6750 section 3.1: no error code when none came
	case r.Reason == provision.WrongProof:
		p.Challenge = `DPoP error="invalid_dpop_proof", algs="` + provision.ProofAlgorithms + `"`
	case a.status == http.StatusUnauthorized:
		p.Challenge = exchange.Challenge(`error="invalid_token"`)
	}
	return p, true
}

// refuse answers with what went wrong.
func (v *visit) refuse(w http.ResponseWriter, err error) error {
	if p, ok := problem(err); ok {
		return p.Write(w, v.Exchange)
	}
	var unrecorded *ledger.CommitError
	if errors.As(err, &unrecorded) {
		return v.Unrecorded(w, err)
	}
	v.logger.Error("keeping provisioning keys", zap.Error(err))
	return exchange.Problem{Title: "The store cannot be read or written", Status: http.StatusServiceUnavailable, Reason: "store-unavailable",
		Detail: "try again later", RetryAfter: 5 * time.Second}.Write(w, v.Exchange)
}
