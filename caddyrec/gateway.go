package caddyrec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

// Gateway is one log with its store, keys and approvals. There is one in the
// process for each store and log: two configurations overlap during a reload,
// and a log has one committer.
type Gateway struct {
	key       string
	settings  string // of the store, as it was opened
	dir       string
	keys      *ledger.Keys
	log       *ledger.Log
	live      *liveLogger
	logger    *zap.Logger
	approvals *approval.Service
	store     io.Closer       // nil if it has nothing to give back
	room      storage.Limited // nil if there always is
	patience  atomic.Int64    // how long approvals wait for a record, as the newest configuration says
	sessions  seen
	denials   denials

	// A request holds use while it needs the gateway; closing waits for it.
	use     sync.WaitGroup
	mu      sync.Mutex
	closing bool
	closed  chan struct{}
}

var (
	gateways = caddy.NewUsagePool()
	// closings are the gateways, by key, that wait for their last requests. A
	// new one must not take the lock before the old one let go of it.
	closings sync.Map
)

func openGateway(key string, store Store, settings, log string, patience time.Duration, logger *zap.Logger) (*Gateway, error) {
	v, running, err := gateways.LoadOrNew(key, func() (caddy.Destructor, error) {
		if old, ok := closings.Load(key); ok {
			select {
			case <-old.(*Gateway).closed:
			case <-time.After(10 * time.Second):
				return nil, fmt.Errorf("log %s: requests of the configuration before still use it; try again", log)
			}
		}
		g, err := newGateway(store, log, logger)
		if err != nil {
			return nil, err
		}
		g.key, g.settings = key, settings
		return g, nil
	})
	if err != nil {
		return nil, err
	}
	g := v.(*Gateway)
	g.live.hold(logger)
	if running && g.settings != settings {
		logger.Warn("the store's settings have changed: they take effect when Caddy is restarted", zap.String("log", log))
	}
	g.patience.Store(int64(patience))
	return g, nil
}

func newGateway(store Store, log string, logger *zap.Logger) (*Gateway, error) {
	g := &Gateway{live: new(liveLogger), closed: make(chan struct{})}
	g.live.newest.Store(logger) // until the configuration holds it
	objects, dir, err := store.Open(g.live.slog("caddyrec.store"))
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	g.dir = dir
	g.store, _ = objects.(io.Closer)
	if err := g.open(objects, log); err != nil {
		if g.store != nil {
			err = errors.Join(err, g.store.Close())
		}
		return nil, err
	}
	g.logger.Info("recording", zap.String("log", log), zap.String("folder", dir), zap.String("public_key", g.keys.Verifier()))
	return g, nil
}

// open opens the log and the approvals. The log's objects have one writer, this
// process; of the approvals' objects one Create of many gateways' must win.
func (g *Gateway) open(objects storage.Store, log string) (err error) {
	g.logger = g.live.named("caddyrec")
	g.keys, err = ledger.LoadKeys(filepath.Join(g.dir, "keys"), log)
	if err != nil {
		return fmt.Errorf("loading the keys of log %s: %w", log, err)
	}
	if _, far := objects.(storage.Spooler); far {
		if err := g.claim(objects, log); err != nil {
			return err
		}
	}
	spooled := storage.Spooled(objects)
	g.room, _ = spooled.(storage.Limited)
	checkpoints := g.live.named("caddyrec.checkpoint")
	g.log, err = ledger.Open(ledger.Options{
		Dir: filepath.Join(g.dir, "ledger", log), Log: log, Store: spooled, Keys: g.keys,
		OnCheckpoint: func(note []byte) { checkpoints.Info("signed", zap.ByteString("note", note)) },
		OnProblem:    func(err error) { g.logger.Error("ledger", zap.String("log", log), zap.Error(err)) },
	})
	if err != nil {
		return fmt.Errorf("opening log %s: %w", log, err)
	}
	g.denials.gateway = g
	start := record.New(record.GatewayStarted)
	start.Gateway = &record.Gateway{Version: Version()}
	if err := g.Commit(time.Minute, start); err != nil {
		return errors.Join(err, g.log.Close())
	}
	g.approvals, err = approval.New(objects, patient{g}, approval.Options{Logger: g.live.slog("caddyrec.approval")})
	if err != nil {
		return errors.Join(fmt.Errorf("reading the approvals: %w", err), g.log.Close())
	}
	return nil
}

// claim puts the log's public key into a store that other machines may share,
// and refuses a log that one of them writes.
func (g *Gateway) claim(objects storage.Store, log string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	key := storage.Object{Name: "ledger/" + log + "/public.key", Data: []byte(g.keys.Verifier() + "\n")}
	err := storage.Same(ctx, objects, key)
	if errors.Is(err, storage.ErrNotExist) {
		err = storage.CreateAll(ctx, objects, []storage.Object{key})
	}
	if errors.Is(err, storage.ErrExist) {
		return fmt.Errorf("log %s is in this store already, with another key: give each machine a log name of its own, or restore the keys that began it", log)
	}
	if err != nil {
		return fmt.Errorf("opening log %s: %w", log, err)
	}
	return nil
}

// enter keeps the gateway open until leave is called. It reports false once
// the gateway is closing.
func (g *Gateway) enter() (leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closing {
		return nil, false
	}
	g.use.Add(1)
	return g.use.Done, true
}

// Destruct closes the gateway after its last request. It does not wait: the
// requests may be slower than a reload should be.
func (g *Gateway) Destruct() error {
	g.mu.Lock()
	g.closing = true
	g.mu.Unlock()
	closings.Store(g.key, g)
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.use.Wait()
		g.close()
	}()
	// With no request under way, which is the rule at the process's end, the
	// log is closed in good order before the process goes.
	select {
	case <-done:
	case <-time.After(time.Second):
	}
	return nil
}

func (g *Gateway) close() {
	defer func() {
		close(g.closed)
		closings.CompareAndDelete(g.key, g)
	}()
	g.denials.flush()
	stop := record.New(record.GatewayStopped)
	stop.Gateway = &record.Gateway{Version: Version()}
	err := errors.Join(g.Commit(10*time.Second, stop), g.log.Close())
	if g.store != nil {
		err = errors.Join(err, g.store.Close())
	}
	if err != nil {
		g.logger.Error("closing the ledger", zap.Error(err))
	}
}

// Version is the version of the caddyrec module in this build.
func Version() string {
	const path = "github.com/caddyrec/caddyrec"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Path == path {
		return info.Main.Version
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return "unknown"
}
