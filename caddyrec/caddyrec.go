// Package caddyrec is the Caddy app that the directives oidc_auth,
// json_schema_guard, session_record, jit_approval and session_replay share: where records go,
// what is masked, who vouches for tokens, and the approvals.
//
// One [App] belongs to one configuration. What must outlive a reload, such as
// the ledger's one committer, is a [Gateway], shared by all configurations of
// the process that name the same store and log.
package caddyrec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/storage"
)

func init() { caddy.RegisterModule(App{}) }

// App is the configuration that caddyrec's directives share. It may be left
// out: records then go into the folder caddyrec in Caddy's data directory, and
// what is secret by common names and shapes is masked.
//
// In a Caddyfile it is the global option caddyrec:
//
//	{
//		caddyrec {
//			store <kind> <arguments...>
//			log <name>
//			commit_timeout <duration>
//			retain <duration>
//			mask {
//				keys <names...>
//				paths <pointers...>
//				detect <detectors...>
//				pattern <name> <regexp>
//				allow <values...>
//				action <rule> token|partial <n>|pseudonym|drop
//				no_defaults
//			}
//			encrypt_to <recipients...>
//			originals {
//				to <recipients...>
//				max_body <size>
//			}
//		}
//	}
type App struct {
	// The store that holds records, approvals and keys: a module in the
	// namespace `caddyrec.stores`. Default: the local folder `caddyrec` in
	// Caddy's data directory.
	StoreRaw json.RawMessage `json:"store,omitempty" caddy:"namespace=caddyrec.stores inline_key=module"`

	// The log's name: lower-case letters, digits and hyphens. Each log has
	// its own chain, tree and key. Default: `main`.
	Log string `json:"log,omitempty"`

	// How long a request waits for its record to be durable before it is
	// refused with 503. Default: 1s.
	CommitTimeout caddy.Duration `json:"commit_timeout,omitempty"`

	// How long records are kept. Older ones are removed, a sealed segment at a
	// time, unless a legal hold keeps them. Default: for ever.
	Retain caddy.Duration `json:"retain,omitempty"`

	// What is secret, beyond what schemas mark.
	Mask *Mask `json:"mask,omitempty"`

	// Encrypts the contents of bodies in records and in approvals to these age
	// recipients (`age1...`). Whoever has the identity of one of them can read
	// them, the gateway cannot. Default: they are not encrypted.
	EncryptTo []string `json:"encrypt_to,omitempty"`

	// Keeps what was masked, for an investigator's eyes. Default: it is gone.
	Originals *Originals `json:"originals,omitempty"`

	store     Store
	settings  string // of the store
	ciphers   ciphers
	masking   *masking.Policy
	logger    *zap.Logger
	providers []*Provider
	checked   map[*caddyhttp.Server]bool // whose handlers' places were looked at

	keyServices []*KeyService

	run *running
}

// running is what an app has beyond its configuration. It is made by Provision.
type running struct {
	complain rate.Sometimes // about requests that cannot be recorded

	mu       sync.Mutex
	gateway  *Gateway
	opened   bool
	released bool
	openErr  error
	keys     atomic.Pointer[ledger.Keys] // the gateway's, once it is open
}

// Store is what a module in the namespace caddyrec.stores provides. It is
// provisioned without touching the outside; Open does.
type Store interface {
	// Key is equal for two stores exactly if they are the same place.
	Key() string
	// Open makes or takes the store. dir is a local folder, the store's own,
	// for what must not leave the machine or cannot be written once: keys, the
	// open segment, caches. The store tells log what goes wrong behind its
	// methods; log outlives the configuration. A store that is an io.Closer is
	// closed in the end. The ledger uses the view that storage.Spooled gives,
	// and as long as that is a storage.Limited that is full, requests are
	// refused; approvals use the store itself.
	Open(log *slog.Logger) (s storage.Store, dir string, err error)
}

// ReadableStore is a [Store] that caddy rec can read where it is. String is its
// name for people.
type ReadableStore interface {
	Store
	fmt.Stringer
	// Read opens the store for reading, and changes nothing. dir is what Open
	// gives; it need not be on this machine.
	Read(ctx context.Context) (s storage.Store, dir string, err error)
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddyrec", New: func() caddy.Module { return new(App) }}
}

var logName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Provision fills in defaults and compiles the masking policy. It opens
// nothing: caddy validate runs it too.
func (a *App) Provision(ctx caddy.Context) error {
	a.logger = ctx.Logger()
	if err := registerMetrics(ctx.GetMetricsRegistry()); err != nil {
		return fmt.Errorf("caddyrec: registering metrics: %w", err)
	}
	a.run = &running{complain: rate.Sometimes{Interval: time.Second}}
	if a.Log == "" {
		a.Log = "main"
	}
	if a.CommitTimeout == 0 {
		a.CommitTimeout = caddy.Duration(time.Second)
	}
	if a.StoreRaw == nil {
		a.StoreRaw = json.RawMessage(`{"module":"local"}`)
	}
	a.settings = string(a.StoreRaw) // loading clears it
	mod, err := ctx.LoadModule(a, "StoreRaw")
	if err != nil {
		return fmt.Errorf("caddyrec: store: %w", err)
	}
	store, ok := mod.(Store)
	if !ok {
		return fmt.Errorf("caddyrec: store: the module %T is no store: use local, gcs or one that is built in", mod)
	}
	a.store = store
	a.masking, err = a.Mask.policy(a.pseudonym)
	if err != nil {
		return fmt.Errorf("caddyrec: mask: %w", err)
	}
	a.ciphers, err = a.newCiphers()
	return err
}

// Validate checks what has no default to fall back to.
func (a *App) Validate() error {
	if !logName.MatchString(a.Log) {
		return fmt.Errorf("caddyrec: log %q: a log's name has lower-case letters, digits and hyphens, 63 at most", a.Log)
	}
	if a.CommitTimeout < 0 {
		return fmt.Errorf("caddyrec: commit_timeout %v: use a positive duration, such as 1s", time.Duration(a.CommitTimeout))
	}
	if a.Retain != 0 && time.Duration(a.Retain) < 24*time.Hour {
		return fmt.Errorf("caddyrec: retain %v: records are kept for a day at least: use 1d or more, or leave it out to keep them for ever", time.Duration(a.Retain))
	}
	return nil
}

// Start opens the ledger and begins to fetch the identity providers' keys.
func (a *App) Start() error {
	logMasking.hold(a, a.masking)
	if _, err := a.open(); err != nil {
		return err
	}
	for _, p := range a.providers {
		if err := p.start(); err != nil {
			return err
		}
	}
	return a.startKeys()
}

// Stop does nothing: requests may still be under way until Cleanup.
func (a *App) Stop() error { return nil }

// Cleanup gives back what Start took. Requests of this configuration may still
// be under way, or even have yet to reach the first handler: they go on using
// the gateway as long as it is open, which is until the last of them is done,
// or for good if the next configuration has it too.
func (a *App) Cleanup() error {
	if a.run == nil {
		return nil // Provision has not begun
	}
	a.run.mu.Lock()
	again := a.run.released
	a.run.released = true
	a.run.mu.Unlock()
	if again {
		return nil
	}
	logMasking.release(a)
	for _, p := range a.providers {
		p.stop()
	}
	a.run.mu.Lock()
	g := a.run.gateway
	if g == nil {
		a.run.opened, a.run.openErr = true, errClosed
	}
	a.run.mu.Unlock()
	if g == nil {
		return nil
	}
	g.live.release(a)
	g.terms.release(a)
	g.keyServices.release(a)
	_, err := gateways.Delete(a.gatewayKey())
	return err
}

var errClosed = errors.New("this configuration has been replaced, and no other uses its log")

// open opens the gateway once. The http app may be started before this one,
// so a request may come first.
func (a *App) open() (*Gateway, error) {
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	if a.run.opened {
		return a.run.gateway, a.run.openErr
	}
	a.run.opened = true
	a.run.gateway, a.run.openErr = openGateway(a.gatewayKey(), a, terms{patience: time.Duration(a.CommitTimeout), retain: time.Duration(a.Retain), ciphers: a.ciphers})
	if g := a.run.gateway; g != nil {
		a.run.keys.Store(g.keys)
	}
	return a.run.gateway, a.run.openErr
}

func (a *App) gatewayKey() string { return a.store.Key() + "\x00" + a.Log }

// Masking is the policy on what is secret.
func (a *App) Masking() *masking.Policy { return a.masking }

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.Validator    = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
