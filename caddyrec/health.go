package caddyrec

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
)

func init() { caddy.RegisterModule(adminAPI{}) }

// adminAPI is what the admin endpoint tells about the logs that are open, and
// what it does with them. It has no secret in it.
//
//	GET  /caddyrec/health
//	POST /caddyrec/hold
//	POST /caddyrec/release
//	POST /caddyrec/purge
//	POST /caddyrec/originals
//	POST /caddyrec/keys/revoke
type adminAPI struct{}

// CaddyModule returns the Caddy module information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.caddyrec", New: func() caddy.Module { return new(adminAPI) }}
}

// Routes implements [caddy.AdminRouter].
func (adminAPI) Routes() []caddy.AdminRoute {
	return append(append(retentionRoutes(), keyRoutes()...),
		caddy.AdminRoute{Pattern: "/caddyrec/health", Handler: caddy.AdminHandlerFunc(serveHealth)},
		caddy.AdminRoute{Pattern: "/caddyrec/originals", Handler: caddy.AdminHandlerFunc(serveOriginals)})
}

// health is the answer of /caddyrec/health.
type health struct {
	// OK says that all logs take records, and sign them. The status is then 200,
	// else 503.
	OK   bool        `json:"ok"`
	Logs []logHealth `json:"logs"`
}

type logHealth struct {
	Log string `json:"log"`
	OK  bool   `json:"ok"`
	// Since and Reason tell of an outage, or, where the reason is lateSigning, of
	// checkpoints that do not come.
	Since  *time.Time `json:"since,omitempty"`
	Reason string     `json:"reason,omitempty"`
	// Records are those in the log, Waiting those that wait for the disk.
	Records  uint64 `json:"records"`
	Waiting  int    `json:"waiting"`
	Unsealed int    `json:"unsealed_segments"`
	// Unsigned are the records that no checkpoint covers yet.
	Unsigned uint64 `json:"unsigned_records"`
	// Checkpoint is when the newest was signed by this process.
	Checkpoint *time.Time `json:"checkpoint,omitempty"`
	PublicKey  string     `json:"public_key"`
}

// lateSigning is the reason of a log that takes records and does not sign them.
const lateSigning = "checkpoint-late"

func serveHealth(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Message: "use GET"}
	}
	h := health{OK: true, Logs: []logHealth{}}
	for _, g := range openGateways() {
		l := g.health()
		h.OK = h.OK && l.OK
		h.Logs = append(h.Logs, l)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !h.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	return json.NewEncoder(w).Encode(h)
}

func (g *Gateway) health() logHealth {
	stats := g.log.Stats()
	l := logHealth{Log: g.name, OK: true, Records: stats.Records, Waiting: stats.Waiting, Unsealed: stats.Unsealed, PublicKey: g.log.Verifier()}
	var since time.Time
	var reason string
	if l.Unsigned, since = g.unsigned.behind(stats.Records, time.Now()); !since.IsZero() {
		reason = lateSigning
	}
	if outage, why := g.outage.state(); !outage.IsZero() {
		since, reason = outage, why
	}
	if !since.IsZero() {
		since = since.UTC()
		l.OK, l.Since, l.Reason = false, &since, reason
	}
	if at := g.signed.Load(); at != 0 {
		t := time.Unix(0, at).UTC()
		l.Checkpoint = &t
	}
	return l
}

// openGateways are those in use, by name of their logs.
func openGateways() []*Gateway {
	var open []*Gateway
	openNow.Range(func(g, _ any) bool {
		open = append(open, g.(*Gateway))
		return true
	})
	slices.SortFunc(open, func(a, b *Gateway) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.key, b.key)) })
	return open
}

// Interface guard
var _ caddy.AdminRouter = (*adminAPI)(nil)
