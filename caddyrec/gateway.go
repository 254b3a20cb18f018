package caddyrec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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
	name      string // of the log
	settings  string // of the store, as it was opened
	dir       string
	keys      *ledger.Keys
	beside    *inStore
	log       *ledger.Log
	live      *liveLogger
	logger    *zap.Logger
	approvals *approval.Service
	store     io.Closer          // nil if it has nothing to give back
	room      storage.Limited    // nil if there always is
	backlog   storage.Backlogged // nil if there never is one
	objects   storage.Store
	problems  problems
	terms     inForce[terms]

	keyServices keyServices
	sessions    seen
	denials     denials
	outage      outage
	retention   retention
	recordings  recordings
	meter       meter
	unsigned    unsigned
	signed      atomic.Int64 // when the newest checkpoint was, in nanoseconds since 1970

	// What runs beside the requests ends with life, when closing begins.
	life       context.Context
	end        context.CancelFunc
	background sync.WaitGroup

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
	// openNow are the gateways that are open: health and metrics must not wait
	// for one that is being opened.
	openNow sync.Map
	// inStores is what the gateways of each store share, by the store's key.
	inStores sync.Map
)

// inStore is what this process's gateways of one store share: one that a reload
// to another log has replaced may still hold requests, which are voted on through
// the next.
type inStore struct {
	approvals approval.Memory
	keys      sync.Map // the *ledger.Keys by the id of their digests
}

func openGateway(key string, a *App, t terms) (*Gateway, error) {
	store, settings, log, logger := a.store, a.settings, a.Log, a.logger
	v, shared, err := gateways.LoadOrNew(key, func() (caddy.Destructor, error) {
		if old, ok := closings.Load(key); ok {
			select {
			case <-old.(*Gateway).closed:
			case <-time.After(10 * time.Second):
				return nil, fmt.Errorf("log %s: requests of the configuration before still use it; try again", log)
			}
		}
		g, err := newGateway(store, log, t, logger)
		if err != nil {
			return nil, err
		}
		g.key, g.settings = key, settings
		openNow.Store(g, nil)
		return g, nil
	})
	if err != nil {
		return nil, advised(err)
	}
	g := v.(*Gateway)
	g.live.hold(a, logger)
	g.terms.hold(a, t)
	if shared {
		g.rotateKey() // a new one does so at its start
		if g.settings != settings {
			logger.Warn("the store's settings have changed: they take effect when Caddy is restarted", zap.String("log", log))
		}
	}
	return g, nil
}

func newGateway(store Store, log string, t terms, logger *zap.Logger) (*Gateway, error) {
	g := &Gateway{name: log, live: new(liveLogger), closed: make(chan struct{}), meter: newMeter(log)}
	g.life, g.end = context.WithCancel(context.Background())
	g.outage.gateway, g.retention.gateway, g.denials.gateway = g, g, g
	// Until the configuration holds them.
	g.live.newest.Store(&logger)
	g.terms.newest.Store(&t)
	answered := tellSlow(store, log, logger)
	defer answered()
	objects, dir, err := store.Open(g.live.slog("caddyrec.store"))
	if err != nil {
		g.end()
		g.meter.close()
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	g.store, _ = objects.(io.Closer)
	g.dir, g.objects = dir, objects
	beside, _ := inStores.LoadOrStore(store.Key(), new(inStore))
	g.beside = beside.(*inStore)
	if err := g.open(objects, log); err != nil {
		g.end()
		g.meter.close()
		if g.store != nil {
			err = errors.Join(err, g.store.Close())
		}
		return nil, err
	}
	if err := g.tellStart(); err != nil {
		g.end()
		g.meter.close()
		err = errors.Join(err, g.log.Close())
		if g.store != nil {
			err = errors.Join(err, g.store.Close())
		}
		return nil, err
	}
	g.rotateKey()
	g.background.Go(func() { g.retention.run(g.life) })
	protection := "the store's own"
	if p, ok := objects.(interface{ Protection() string }); ok {
		protection = p.Protection()
	}
	g.logger.Info("recording", zap.String("log", log), zap.String("folder", dir), zap.String("protection", protection), zap.String("public_key", g.log.Verifier()))
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
	g.beside.keys.Store(g.keys.DigestID(), g.keys)
	_, far := objects.(storage.Spooler)
	if far {
		if err := g.claim(objects, log); err != nil {
			return err
		}
	}
	spooled := storage.Spooled(objects)
	g.room, _ = spooled.(storage.Limited)
	g.backlog, _ = spooled.(storage.Backlogged)
	checkpoints := g.live.named("caddyrec.checkpoint")
	dir, batches := filepath.Join(g.dir, "ledger", log), storage.Batches(objects)
	if batches != nil {
		if err := noSegments(g.dir, log); err != nil {
			return err
		}
		dir = "" // the log is in the store alone
	}
	if newest, err := os.ReadFile(filepath.Join(g.dir, "ledger", log, "checkpoint")); err == nil { // what is wrong with it, Open tells
		g.unsigned.checkpoint(newest, time.Now())
	}
	g.log, err = ledger.Open(ledger.Options{
		Dir: dir, Log: log, Store: spooled, Batches: batches, Keys: g.keys, Wait: lockWait,
		OnWait: func(holder string) {
			g.logger.Warn("another process has the log open: waiting for it to end", zap.String("log", log), zap.String("process_id", holder), zap.Duration("at_most", lockWait))
		},
		OnCheckpoint: func(note []byte) {
			now := time.Now()
			g.signed.Store(now.UnixNano())
			g.unsigned.checkpoint(note, now)
			g.meter.signed.Set(float64(now.UnixMilli()) / 1000)
			checkpoints.Info("signed", zap.ByteString("note", note))
		},
		OnProblem: func(err error) {
			g.meter.problems.Inc()
			g.problems.note(err, time.Now())
			g.logger.Error("ledger", zap.String("log", log), zap.Error(err))
		},
		OnCommit: func(records, bytes int, took time.Duration) {
			g.unsigned.committed(time.Now())
			g.meter.committed(records, bytes, took)
		},
		OnOwnRecord: g.meter.own,
	})
	if err != nil {
		return err
	}
	g.approvals, err = approval.New(objects, patient{g}, approval.Options{
		Expiry: approvalExpiry, Recall: g.recallApprovals, Memory: &g.beside.approvals,
		Shared:  far || batches != nil, // others reach it too
		Encrypt: g.encryptApproval, Logger: g.live.slog("caddyrec.approval"),
	})
	if err != nil {
		return errors.Join(fmt.Errorf("reading the approvals: %w", err), g.log.Close())
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
	g.end()
	g.mu.Unlock()
	openNow.Delete(g)
	closings.Store(g.key, g)
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.keyServices.close() // or what is shown would go on until its key expires
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
		g.meter.close()
		close(g.closed)
		closings.CompareAndDelete(g.key, g)
	}()
	g.background.Wait()
	g.outage.stop()
	g.denials.flush()
	stop := record.New(record.GatewayStopped)
	stop.Gateway = &record.Gateway{Version: Version()}
	err := errors.Join(g.CommitClosing(10*time.Second, stop), g.log.Close())
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
