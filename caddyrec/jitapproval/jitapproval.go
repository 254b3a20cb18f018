// Package jitapproval is the handler jit_approval: a high-risk request waits
// for somebody else's word, and then runs once.
package jitapproval

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/caddyrec"
)

func init() { caddy.RegisterModule(Handler{}) }

// Handler lets a request on only once others have approved it: exactly as it
// is, at most once. Which requests need approval is for a matcher to say, or for
// the OpenAPI document of a json_schema_guard before it, by `x-approval:
// required` on an operation.
//
// A request waits up to wait for the approvers' word. If it comes in time, the
// request goes on; else the client gets 202 with a Location to look at and a
// Retry-After, and sends the same request again later, best with the header
// `Caddyrec-Approval: <id>`. The approval holds for the same person, method,
// host, address, header fields and body; anything else needs another.
//
// Approvers read and decide under `/.caddyrec/approvals` on the same site, by
// hand or with `caddy rec approvals|approve|deny`. Nobody decides on their own
// request.
//
//	jit_approval [<matcher>] {
//		approvers <claim> <values...>
//		need <count>
//		wait <duration>
//		max_body <size>
//		schema_only
//	}
type Handler struct {
	// Who may approve or deny: those of the requester's own issuer whose claim
	// holds one of the values.
	Approvers Approvers `json:"approvers"`

	// How many different people must approve. Default: 1.
	Need int `json:"need,omitempty"`

	// How long a request is held before it is answered with 202. Load balancers
	// cut held requests after 30 to 100 s. A client asks for less with `Prefer:
	// wait=<seconds>` or `Prefer: respond-async` (RFC 7240). Default: 20s.
	Wait caddy.Duration `json:"wait,omitempty"`

	// How large the body of a request that needs approval may be, in bytes; a
	// larger one gets 413. Default: 1 MiB.
	MaxBody int64 `json:"max_body,omitempty"`

	// Asks only where an operation has `x-approval: required` and no other
	// jit_approval has asked. In a Caddyfile, each jit_approval has one such behind
	// it, without a matcher.
	SchemaOnly bool `json:"schema_only,omitempty"`

	app    *caddyrec.App
	policy approval.Policy
	digest string // of policy
}

// Approvers says who may approve.
type Approvers struct {
	// The claim's name, such as `groups`; for identities of other
	// authentication handlers, `id` or what stands behind
	// `{http.auth.user.<name>}`.
	Claim string `json:"claim"`
	// The values, one of which the claim must be, or, as an array, hold.
	Values []string `json:"values"`
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.jit_approval", New: func() caddy.Module { return new(Handler) }}
}

// Provision fills in defaults.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := ctx.App("caddyrec")
	if err != nil {
		return err
	}
	h.app = app.(*caddyrec.App)
	if err := h.app.CheckPlaces(ctx); err != nil {
		return err
	}
	if h.Need == 0 {
		h.Need = 1
	}
	if h.Wait == 0 {
		h.Wait = caddy.Duration(20 * time.Second)
	}
	if h.MaxBody == 0 {
		h.MaxBody = 1 << 20
	}
	h.policy = approval.Policy{Name: "jit_approval", Claim: h.Approvers.Claim, Values: slices.Sorted(slices.Values(h.Approvers.Values)), Need: h.Need}
	h.digest = h.policy.Digest()
	return nil
}

// Validate checks the policy.
func (h *Handler) Validate() error {
	if h.Wait < 0 || h.MaxBody < 0 {
		return errors.New("jit_approval: wait and max_body must be positive")
	}
	if h.Approvers.Claim == "" || len(h.Approvers.Values) == 0 {
		return errors.New("jit_approval has no approvers: name a claim and its values, such as approvers groups security")
	}
	if err := h.policy.Check(); err != nil {
		return fmt.Errorf("jit_approval: %s", strings.TrimPrefix(err.Error(), approval.ErrInvalid.Error()+": "))
	}
	// Each of these is one person.
	if people := len(slices.Compact(slices.Clone(h.policy.Values))); (h.Approvers.Claim == "id" || h.Approvers.Claim == "sub") && h.Need > people {
		return fmt.Errorf("jit_approval: need %d, and approvers %s names %d: nothing could ever be approved: name more, or need less", h.Need, h.Approvers.Claim, people)
	}
	return nil
}

// ServeHTTP holds the request until it is approved.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if h.SchemaOnly && !caddyrec.NeedsApproval(r) {
		return next.ServeHTTP(w, r)
	}
	v, leave, err := h.app.Enter(r)
	if err != nil {
		return h.app.Refuse(w, err)
	}
	defer leave()
	if served, err := v.ServeReserved(w, r); served {
		return err
	}
	v.Identify(r)
	a := &asking{Handler: h, Visit: v, r: r}
	if refusal := a.prepare(); refusal != nil {
		return a.refuse(w, *refusal)
	}
	st, err := a.decide()
	if err != nil && r.Context().Err() != nil {
		// The client has gone; what it asked for stays as it was.
		return caddyhttp.Error(caddyrec.StatusClientClosed, err)
	}
	if err != nil {
		return a.refuse(w, caddyrec.ApprovalProblem(err))
	}
	if st.Status != approval.Used {
		return a.later(w, st)
	}
	// approval.used is durable: this, and nothing else, is the one run.
	v.NeedsApproval = false
	r.Header.Del(header)
	unrepeatable(r)
	if err = next.ServeHTTP(w, r); err != nil && !v.Recorded { // else session_record deals with it
		return v.FailedOnce(w, err)
	}
	return err
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
