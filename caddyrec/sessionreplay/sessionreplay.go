// Package sessionreplay is the handler session_replay: recorded sessions are
// shown to those who hold a provisioning key for them.
package sessionreplay

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/provision"
)

func init() { caddy.RegisterModule(Handler{}) }

// Handler shows recorded sessions to those who hold a provisioning key. It
// answers under `/.caddyrec/replay/` on its site, and lets everything else pass.
// One stands on a site, behind `oidc_auth` or another authentication handler.
//
// Those whom issue_to names get keys, for some sessions, a purpose and a short
// time, by `POST /.caddyrec/replay/keys`. With such a key in the Authorization
// header, and no other token, the recordings it names can be seen until it
// expires or is revoked. Each issue, use, refusal and end of a key is a record.
//
//	session_replay {
//		issue_to <claim> <values...>
//		ttl <duration>
//		max_ttl <duration>
//		service <name>
//		auto_revoke two-clients|out-of-scope|refusal-burst|cursor-back...
//	}
type Handler struct {
	// Who may have keys issued, and revoke those of others.
	IssueTo IssueTo `json:"issue_to"`

	// How long a key lives when whoever asks for it does not say. Default: 10m,
	// or max_ttl if that is less.
	TTL caddy.Duration `json:"ttl,omitempty"`

	// The longest that a key may live. At most 24h. Default: 1h.
	MaxTTL caddy.Duration `json:"max_ttl,omitempty"`

	// The service that keys are good for: lower-case letters, digits and
	// hyphens. Gateways of one service that have the same secret, the file
	// `keys/<service>.provision.key` in the store's local folder, accept each
	// other's keys. Default: the log's name.
	Service string `json:"service,omitempty"`

	// The anomalies upon which a key is revoked at once: `two-clients`,
	// `out-of-scope`, `refusal-burst`, `cursor-back`. All anomalies are recorded,
	// counted, and emitted as the event `caddyrec_key_anomaly`. Default: none.
	AutoRevoke []provision.Anomaly `json:"auto_revoke,omitempty"`

	app    *caddyrec.App
	keys   *caddyrec.KeyService
	events *caddyevents.App
	ctx    caddy.Context
	logger *zap.Logger

	closing  chan struct{} // closed when the server shuts down
	emitting *emitting
}

// IssueTo says who may have keys issued.
type IssueTo struct {
	// The claim's name, such as `groups`; for identities of other
	// authentication handlers, what stands behind `{http.auth.user.<name>}`.
	Claim string `json:"claim"`
	// The values, one of which the claim must be, or, as an array, hold.
	Values []string `json:"values"`
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.session_replay", New: func() caddy.Module { return new(Handler) }}
}

// Provision registers the service that the keys are for.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := ctx.App("caddyrec")
	if err != nil {
		return err
	}
	events, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("session_replay: getting the events app: %w", err)
	}
	h.closing, h.emitting = make(chan struct{}), new(emitting)
	h.app, h.events, h.ctx, h.logger = app.(*caddyrec.App), events.(*caddyevents.App), ctx, ctx.Logger()
	if err := h.app.CheckPlaces(ctx); err != nil {
		return err
	}
	h.keys, err = h.app.KeyService(h.Service, provision.Policy{
		TTL: time.Duration(h.TTL), MaxTTL: time.Duration(h.MaxTTL), AutoRevoke: h.AutoRevoke,
	}, h.watch)
	if err != nil {
		return fmt.Errorf("session_replay: %w", err)
	}
	if server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok {
		// A stream would keep the server, and at the end the process, for as long
		// as its key lives.
		server.RegisterOnShutdown(sync.OnceFunc(func() { close(h.closing) }))
	}
	return nil
}

// listenersAtEnd is how long those who listen to events may take once their
// context has ended.
const listenersAtEnd = 5 * time.Second

// Cleanup waits for those who listen to events. Caddy takes up no configuration
// meanwhile, also none that a listener asks for and waits for, so it does not
// wait forever. The error is that somebody is listening yet.
func (h *Handler) Cleanup() error {
	if h.emitting != nil && !h.emitting.close(listenersAtEnd) {
		return errors.New("session_replay: what listens to the event caddyrec_key_anomaly has not ended with its configuration, and is waited for no longer: see to what it runs")
	}
	return nil
}

// Validate checks that somebody may have keys issued.
func (h *Handler) Validate() error {
	if h.IssueTo.Claim == "" || len(h.IssueTo.Values) == 0 {
		return errors.New("session_replay: issue_to is missing: name the claim and the values of those who may have keys issued, such as issue_to groups auditors")
	}
	return nil
}

// watch emits a Caddy event for each anomaly that is on record. Who listens may
// be slow, so nobody waits for them; a flood of anomalies is bounded before.
func (h *Handler) watch(e provision.Event) {
	if e.Type != record.KeyAnomaly || e.Counted {
		return
	}
	data := map[string]any{"anomaly": e.Reason, "log": h.app.Log}
	if g := e.Grant; g != nil {
		data["service"], data["key"], data["issuer"], data["subject"] = g.Service, g.ID, g.Issuer, g.Subject
	}
	if e.Client != nil {
		data["client_ip"] = e.Client.IP
	}
	h.emitting.do(func() { h.events.Emit(h.ctx, "caddyrec_key_anomaly", data) })
}

// ServeHTTP answers what is under [caddyrec.ReplayPrefix], if nobody before has
// done so.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if !strings.HasPrefix(r.URL.Path, caddyrec.ReplayPrefix) {
		return next.ServeHTTP(w, r)
	}
	v, leave, err := h.app.Enter(r)
	if err != nil {
		return h.app.Refuse(w, err)
	}
	defer leave()
	v.Identify(r)
	return h.ServeReplay(w, r, v)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ caddyrec.ReplayServer       = (*Handler)(nil)
)
