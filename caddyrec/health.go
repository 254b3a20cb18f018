package caddyrec

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
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
//	POST /caddyrec/replay
//	POST /caddyrec/rotate
type adminAPI struct{}

// CaddyModule returns the Caddy module information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.caddyrec", New: func() caddy.Module { return new(adminAPI) }}
}

// Routes implements [caddy.AdminRouter].
func (adminAPI) Routes() []caddy.AdminRoute {
	return append(append(retentionRoutes(), keyRoutes()...),
		caddy.AdminRoute{Pattern: "/caddyrec/health", Handler: caddy.AdminHandlerFunc(serveHealth)},
		caddy.AdminRoute{Pattern: "/caddyrec/originals", Handler: caddy.AdminHandlerFunc(serveOriginals)},
		caddy.AdminRoute{Pattern: "/caddyrec/replay", Handler: caddy.AdminHandlerFunc(serveReplay)},
		caddy.AdminRoute{Pattern: "/caddyrec/rotate", Handler: caddy.AdminHandlerFunc(serveRotate)})
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
	// Problems are those since the start that stopped nothing, and LastProblem is
	// the newest of them.
	Problems    int          `json:"problems"`
	LastProblem *lastProblem `json:"last_problem,omitempty"`
	// Spool is what has not reached the bucket yet, where there is one.
	Spool *spoolHealth `json:"spool,omitempty"`
}

type lastProblem struct {
	Time time.Time `json:"time"`
	Text string    `json:"text"`
}

type spoolHealth struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// Oldest is since when the first of them waits.
	Oldest *time.Time `json:"oldest,omitempty"`
	// SetAside are objects that cannot be uploaded.
	SetAside int `json:"set_aside"`
	// Full says that requests are refused until there is room.
	Full bool `json:"full"`
}

// problems remembers the newest problem of a ledger.
type problems struct {
	mu     sync.Mutex
	count  int
	newest lastProblem
}

func (p *problems) note(err error, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	p.newest = lastProblem{now.UTC(), err.Error()}
}

func (p *problems) look() (count int, newest *lastProblem) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == 0 {
		return 0, nil
	}
	last := p.newest
	return p.count, &last
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
	l.Problems, l.LastProblem = g.problems.look()
	if l.Spool = g.spool(); l.Spool != nil && l.Spool.Full {
		since, reason = time.Now(), "ledger-full"
		if l.Spool.Oldest != nil {
			since = *l.Spool.Oldest
		}
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

// spool is what waits for the bucket; nil where there is none.
func (g *Gateway) spool() *spoolHealth {
	if g.backlog == nil {
		return nil
	}
	b := g.backlog.Backlog()
	h := &spoolHealth{Objects: b.Objects, Bytes: b.Bytes, SetAside: b.Aside, Full: g.room != nil && g.room.Full() != nil}
	if !b.Oldest.IsZero() {
		at := b.Oldest.UTC()
		h.Oldest = &at
	}
	return h
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
