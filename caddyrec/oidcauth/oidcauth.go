// Package oidcauth is the handler oidc_auth: who asks, as an OpenID provider
// vouches for it by a bearer token.
package oidcauth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"golang.org/x/net/http/httpguts"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/identity"
	"github.com/caddyrec/caddyrec/record"
)

func init() { caddy.RegisterModule(Handler{}) }

// Handler lets a request on if it carries a valid access token of an OpenID
// provider, in an Authorization header of the Bearer scheme (RFC 6750). The
// token goes no further than this; the upstream gets its own credential.
// Refusals, and the first sight of each session, are recorded.
//
// Whose token it is stands in the placeholders `{http.auth.user.id}` (the
// subject), `{http.auth.user.iss}`, `{http.auth.user.session}` and
// `{http.auth.user.<claim>}`.
//
// Keys are fetched in the background. While the provider is down, known keys
// go on verifying; if there are none yet, requests get 503 with Retry-After.
//
//	oidc_auth {
//		issuer <url>
//		audience <values...>
//		require <claim> <values...>
//		upstream_credential <header> <value>
//		token_profile access|at+jwt|any
//		algorithms <names...>
//		leeway <duration>
//	}
type Handler struct {
	// The provider's issuer identifier, exactly as its tokens have it.
	Issuer string `json:"issuer"`

	// The audiences that are this API's. A token must name one of them.
	Audiences []string `json:"audiences"`

	// What a token's claims must hold. All must be met.
	Require []Requirement `json:"require,omitempty"`

	// What the upstream gets in place of the client's token.
	UpstreamCredential *Credential `json:"upstream_credential,omitempty"`

	// Which tokens are access tokens. `access` (the default) takes those with
	// the header `typ: at+jwt`, or a claim that only access tokens have, such
	// as `scope` or `client_id`; `at+jwt` takes RFC 9068 tokens only; `any` is
	// for providers whose access tokens cannot be told from ID tokens.
	TokenProfile string `json:"token_profile,omitempty"`

	// The signature algorithms that are allowed, asymmetric ones only.
	// Default: those of RFC 7518 with RSA or EC keys, and EdDSA.
	Algorithms []string `json:"algorithms,omitempty"`

	// How far the provider's clock may be off. Default: 30s.
	Leeway caddy.Duration `json:"leeway,omitempty"`

	app        *caddyrec.App
	provider   *caddyrec.Provider
	logger     *zap.Logger
	credential string
}

// Requirement is a claim that must hold one of some values.
type Requirement struct {
	// The claim's name.
	Claim string `json:"claim"`
	// The values, one of which the claim must be, or, as an array, hold.
	Values []string `json:"values"`
}

// Credential is a header field for the upstream.
type Credential struct {
	// The field's name.
	Header string `json:"header"`
	// The field's value. `{env.*}` and `{file.*}` are resolved when the
	// configuration is loaded; one that is missing or empty is an error.
	Value string `json:"value"`
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.oidc_auth", New: func() caddy.Module { return new(Handler) }}
}

// Provision resolves the upstream's credential and registers the provider.
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
	if h.Leeway == 0 {
		h.Leeway = caddy.Duration(30 * time.Second)
	}
	if c := h.UpstreamCredential; c != nil {
		h.credential, err = caddy.NewReplacer().ReplaceOrErr(c.Value, true, true)
		if err != nil {
			return fmt.Errorf("oidc_auth: upstream_credential %s: %w: set the variable or write the file it names", c.Header, err)
		}
		// A file read with {file.*} keeps its last newline.
		h.credential = strings.TrimSpace(h.credential)
	}
	h.provider, err = h.app.Provider(caddyrec.ProviderConfig{
		Issuer: h.Issuer, Audiences: h.Audiences, Algorithms: h.Algorithms, Profile: h.TokenProfile, Leeway: time.Duration(h.Leeway),
	}, h.logger)
	if err != nil {
		return fmt.Errorf("oidc_auth: %w", err)
	}
	return nil
}

// Validate checks what the provider's own settings do not cover.
func (h *Handler) Validate() error {
	for _, r := range h.Require {
		if r.Claim == "" || len(r.Values) == 0 {
			return errors.New("oidc_auth: require: name a claim and the values it may have")
		}
	}
	c := h.UpstreamCredential
	switch {
	case c == nil:
	case !httpguts.ValidHeaderFieldName(c.Header):
		return fmt.Errorf("oidc_auth: upstream_credential: %q is not a header field's name", c.Header)
	case h.credential == "" || !httpguts.ValidHeaderFieldValue(h.credential):
		return fmt.Errorf("oidc_auth: upstream_credential %s: the value is empty or cannot stand in a header field", c.Header)
	}
	return nil
}

// ServeHTTP lets authenticated requests on.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	v, leave, err := h.app.Enter(r)
	if err != nil {
		return h.app.Refuse(w, err)
	}
	defer leave()

	if s := caddyrec.Replay(r); s != nil && s.Passes(r) {
		return s.ServeReplay(w, r, v)
	}
	token, refusal := bearer(r.Header)
	// From here on nobody sees the client's credential, whatever comes of it.
	r.Header.Del("Authorization")
	if refusal != nil {
		return h.refuse(w, v, *refusal)
	}
	id, err := h.provider.Verify(r.Context(), token)
	if err != nil {
		return h.refuse(w, v, refusalOf(err))
	}
	adopt(r, v.Exchange, id)
	if err := v.Observe(); err != nil {
		return v.Unrecorded(w, err)
	}
	// Approvers need not be among those who may use the API.
	if served, err := v.ServeReserved(w, r); served {
		return err
	}
	for _, need := range h.Require {
		if !meets(id, need) {
			return h.refuse(w, v, refusal403(need))
		}
	}
	if c := h.UpstreamCredential; c != nil {
		if strings.EqualFold(r.Method, http.MethodTrace) {
			// Its answer is the request as the upstream got it, which would tell the
			// client (RFC 9110 section 9.3.8).
			r.Header.Del(c.Header)
		} else {
			r.Header.Set(c.Header, h.credential)
		}
	}
	return next.ServeHTTP(w, r)
}

func meets(id *identity.Identity, need Requirement) bool {
	return slices.ContainsFunc(id.Values(need.Claim), func(v string) bool { return slices.Contains(need.Values, v) })
}

// adopt writes id into the exchange and the placeholders.
func adopt(r *http.Request, x *exchange.Exchange, id *identity.Identity) {
	x.Identity = &record.Identity{Issuer: id.Issuer, Subject: id.Subject, Groups: id.Values("groups")}
	x.Session = &record.Session{
		ID: id.Session.ID, Key: id.Session.Key, IssuedAt: unix(id.Session.IssuedAt), Expires: unix(id.Session.Expires),
		AuthTime: unix(id.Session.AuthTime), ACR: id.Session.ACR, AMR: id.Session.AMR,
	}
	x.Values = id.Values
	// Verified or not: it only ever keeps somebody from approving.
	if mail := id.Values("email"); len(mail) == 1 {
		x.Email = mail[0]
	}
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return
	}
	repl.Set("http.auth.user.id", id.Subject)
	repl.Map(func(key string) (any, bool) {
		claim, ok := strings.CutPrefix(key, "http.auth.user.")
		if !ok {
			return nil, false
		}
		if claim == "session" {
			return id.Session.ID, true
		}
		// Absent is empty: never what another handler, or the client, said.
		return strings.Join(id.Values(claim), ","), true
	})
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
