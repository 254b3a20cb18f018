// Package exchange is one request and its answer on their way through the
// gateway: what is captured of them, whether it is JSON and valid, and how it
// is masked before anything of it is kept.
//
// The first caddyrec handler of a request makes its [Exchange]; each handler
// after it adds its part, and no handler reads a body twice. The package knows
// nothing of Caddy and keeps nothing: it turns bytes into what a record may
// hold.
package exchange

import (
	"net/http"
	"sync/atomic"

	"github.com/caddyrec/caddyrec/record"
)

// Exchange is one request and its answer. One goroutine, the request's own,
// uses it, but for [Exchange.Shadowed].
type Exchange struct {
	// ID is what all records of this exchange have in common.
	ID string

	// Identity and Session are who asked; nil until somebody authenticated.
	Identity *record.Identity
	Session  *record.Session
	// Email and Values are what approvals ask about the identity beyond
	// Identity: its e-mail address and the values of any claim. Values may be
	// nil.
	Email  string
	Values func(claim string) []string

	// Client and Request are as the client sent them, masked; Request has no
	// body.
	Client  record.Client
	Request record.Request
	// Masked tells what was masked in Request.
	Masked []record.Masked
	// Before is what it was before; nil unless records keep originals.
	Before *Before

	// Body is the request's body.
	Body *Body
	// Plan is what the answer is held against; nil without json_schema_guard.
	Plan *Plan
	// Verdicts are what came of the schemas so far.
	Verdicts record.Schemas
	// Approval is the approval this request needed; nil if none.
	Approval *record.Approval

	// Local says that the gateway itself wrote the answer, so that it is not
	// held against the upstream's schema.
	Local bool
	// Recorded says that session_record will tell of this exchange.
	Recorded bool
	// Checked says that the answer has been held against Plan already.
	Checked bool
	// NeedsApproval says that the operation itself asks for approval, whatever
	// the rules of jit_approval match.
	NeedsApproval bool

	// secrets are values of the request that its operation calls sensitive, to
	// be looked for where they may have come from.
	secrets []string
	// hides says that the operation calls something outside the bodies sensitive,
	// and fields are the header fields that it does, of the answer too.
	hides  bool
	fields []string
	// shadow is what came of the request's schema, where it was checked beside
	// the exchange.
	shadow atomic.Pointer[record.Verdict]
}

// String hides everything: an exchange may be reached by a placeholder.
func (x *Exchange) String() string { return "exchange " + x.ID }

// Record begins a record of type t with what is known of the exchange.
func (x *Exchange) Record(t record.Type) *record.Record {
	r := record.New(t)
	r.Exchange = x.ID
	r.Identity, r.Session = x.Identity, x.Session
	// One record's own, in one piece: what is added to it is not the next one's.
	own := &struct {
		client  record.Client
		request record.Request
		schema  record.Schemas
	}{x.Client, x.Request, x.Verdicts}
	r.Client, r.Request = &own.client, &own.request
	r.Masked = append([]record.Masked(nil), x.Masked...)
	if x.Before != nil {
		r.Unmasked = x.Before.of(&x.Request)
	}
	r.Approval = x.Approval
	late := x.shadow.Load()
	if late != nil {
		own.schema.Request = late
	}
	if own.schema.Request != nil || own.schema.Response != nil {
		r.Schema = &own.schema
	}
	return r
}

// NoBody says whether an answer to method with this status has no body by
// definition (RFC 9110 section 6.4.1).
func NoBody(method string, status int) bool {
	return method == http.MethodHead || status/100 == 1 || status == http.StatusNoContent || status == http.StatusNotModified
}
