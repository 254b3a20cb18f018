package caddyrec

import (
	"errors"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// Visit is one request at the gateway. The first of caddyrec's handlers that
// sees the request begins it, and the gateway stays open until that handler is
// done; those further in take part.
type Visit struct {
	*exchange.Exchange

	app      *App
	gateway  *Gateway
	intended bool // its intent is on record, its outcome not yet
}

// visitVar is where a request's visit is kept, in Caddy's variables: they reach
// matchers, which cannot change the request's context.
const visitVar = "caddyrec.visit"

// String hides everything: a placeholder reaches a variable.
func (v *Visit) String() string { return v.Exchange.String() }

// Enter begins r's visit, or takes part in it. The caller calls leave when it
// is done with r. An error means that nothing can be recorded, or that the
// request is one that nobody should serve; give it to [App.Refuse].
func (a *App) Enter(r *http.Request) (v *Visit, leave func(), err error) {
	if v := visitOf(r); v != nil {
		return v, func() {}, nil
	}
	g, err := a.open()
	if err != nil {
		return nil, nil, err
	}
	leave, ok := g.enter()
	if !ok {
		return nil, nil, errClosed
	}
	v = &Visit{app: a, gateway: g}
	v.Exchange = begin(v.Masker(), r, a.Originals)
	caddyhttp.SetVar(r.Context(), visitVar, v)
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(jsonPlaceholders(v.Exchange))
	}
	if r.URL.Opaque != "" {
		// "POST http:orders": what path that is, a matcher, this and the upstream
		// may each see differently (RFC 9112 section 3.2).
		v.Deny(record.Denial{By: "caddyrec", Status: http.StatusBadRequest, Reason: "ambiguous-target"}, nil)
		leave()
		return nil, nil, errTarget
	}
	return v, leave, nil
}

var errTarget = errors.New("the request's target has no path")

// visitOf returns r's visit; nil if none of caddyrec's handlers has seen it.
func visitOf(r *http.Request) *Visit {
	v, _ := caddyhttp.GetVar(r.Context(), visitVar).(*Visit)
	return v
}

// Masker masks by the app's policy and digests with the gateway's key.
func (v *Visit) Masker() exchange.Masker {
	return exchange.Masker{Policy: v.app.masking, Digest: v.gateway.keys.Digest}
}

// Commit makes r durable within the app's commit_timeout. The outcome of a
// request whose intent is on record has a place on a full disk, too.
func (v *Visit) Commit(r *record.Record) error {
	within := time.Duration(v.app.CommitTimeout)
	if v.intended && r.Type == record.ExchangeType {
		return v.gateway.CommitClosing(within, r)
	}
	err := v.gateway.Commit(within, r)
	if r.Type == record.Intent && err == nil {
		v.intended = true
	}
	return err
}

// Approvals are the requests for approval and the votes on them.
func (v *Visit) Approvals() *approval.Service { return v.gateway.approvals }

// MAC is a keyed digest of parts, for one purpose only. See [ledger.Keys.MAC].
func (v *Visit) MAC(domain string, parts ...string) []byte {
	return v.gateway.keys.MAC(domain, parts...)
}

// Unrecorded answers a request whose record could not be committed.
func (v *Visit) Unrecorded(w http.ResponseWriter, err error) error {
	return v.app.unrecorded(w, v.Exchange, err)
}

// Refuse answers a request for which [App.Enter] failed.
func (a *App) Refuse(w http.ResponseWriter, err error) error {
	if errors.Is(err, errTarget) {
		return exchange.Problem{Title: "The request's target is ambiguous", Status: http.StatusBadRequest, Reason: "ambiguous-target",
			Detail: "name a path that begins with a slash"}.Write(w, nil)
	}
	return a.unrecorded(w, nil, err)
}

func (a *App) unrecorded(w http.ResponseWriter, x *exchange.Exchange, err error) error {
	p := unrecordedProblem(err)
	// One line a second: with a dead disk there would be one for each request.
	a.run.complain.Do(func() {
		a.logger.Error("requests are refused because they cannot be recorded", zap.String("reason", p.Reason), zap.Error(err))
	})
	return p.Write(w, x)
}
