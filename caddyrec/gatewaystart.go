package caddyrec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

// advised is an error at a start with what to do about it, where that can be
// told.
func advised(err error) error {
	switch {
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: the disk is mounted read-only, perhaps after a fault of its own, which the system's log tells: mount it for writing, or name a store on another disk; caddy rec reads its records meanwhile", err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: the store, or what it is in, is a file: name a folder, which is made if it is not there", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: let the user that Caddy runs as write there, or name another store", err)
	}
	return err
}

// slowAfter is how long a start may take before the log says what it waits for: a
// store that does not answer, or much that is to be read there.
const slowAfter = 3 * time.Second

// tellSlow says so, unless stop is called before.
func tellSlow(store Store, log string, logger *zap.Logger) (stop func() bool) {
	return time.AfterFunc(slowAfter, func() {
		where := strings.Join(strings.FieldsFunc(store.Key(), func(r rune) bool { return r == 0 }), " ")
		logger.Warn("the start still waits for the store", zap.String("log", log), zap.String("store", where))
	}).Stop
}

// lockWait is how long a start waits for another process that has the log open.
// A command such as caddy rec show --originals lets go of it soon, and so does a
// gateway that is ending. A reload has no lock to wait for: the log stays open.
const lockWait = 5 * time.Second

// claim puts the log's public key into a store that other machines may share,
// and refuses a log that one of them writes.
func (g *Gateway) claim(objects storage.Store, log string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	// A log is known by its first key, whatever signs it now.
	key := storage.Object{Name: "ledger/" + log + "/public.key", Data: []byte(g.keys.First() + "\n")}
	err := storage.Same(ctx, objects, key)
	if errors.Is(err, storage.ErrNotExist) {
		err = storage.CreateAll(ctx, objects, []storage.Object{key})
	}
	if err == nil {
		err = noBatches(ctx, objects, log)
	}
	if errors.Is(err, storage.ErrExist) {
		return fmt.Errorf("log %s is in this store already, with another key: give each machine a log name of its own, or restore the keys that began it", log)
	}
	if err != nil {
		return fmt.Errorf("opening log %s: %w", log, err)
	}
	return nil
}

// noBatches refuses a log of which the store has batches: going on with it on
// this machine's disk would leave them out.
func noBatches(ctx context.Context, objects storage.Store, log string) error {
	for name, err := range objects.List(ctx, "ledger/"+log+"/open/") {
		if err != nil {
			return err
		}
		if ledger.IsBatch(strings.TrimPrefix(name, "ledger/"+log+"/")) {
			return fmt.Errorf("it was written with ack remote (%s is there): go on so, or give the log another name", name)
		}
	}
	return nil
}

// noSegments refuses a log of which this machine's disk has segments, for the
// same reason.
func noSegments(dir, log string) error {
	open := filepath.Join(dir, "ledger", log, "open")
	left, err := os.ReadDir(open)
	if err == nil && len(left) > 0 {
		return fmt.Errorf("opening log %s: it was written with ack local (%s is there): go on so, or give the log another name", log, filepath.Join(open, left[0].Name()))
	}
	return nil
}

// tellStart records that the gateway has started: at once, or, when the disk is
// full or failing, as soon as it can be. Requests are refused until then, each
// with its reason; the site's other parts are served. The error is that another
// process writes the log.
func (g *Gateway) tellStart() error {
	start := record.New(record.GatewayStarted)
	start.Gateway = &record.Gateway{Version: Version()}
	err := g.Commit(10*time.Second, start)
	if err == nil {
		return nil
	}
	if errors.Is(err, ledger.ErrOtherWriter) {
		g.outage.stop()
		return fmt.Errorf("opening log %s: %w", g.name, err)
	}
	g.logger.Error("nothing can be recorded yet, so requests are refused", zap.Error(err))
	leave, _ := g.enter() // nobody can close it yet
	go func() {
		defer leave()
		for {
			select {
			case <-g.life.Done():
				return
			case <-time.After(time.Second):
			}
			if g.append(10*time.Second, start, false) == nil {
				return
			}
		}
	}()
	return nil
}

// rotateKey takes up the signing key that caddy rec keys rotate has left, if
// there is one. The log goes on with the old key when that fails.
func (g *Gateway) rotateKey() (public string, err error) {
	public, err = g.log.RotateKey()
	if err != nil {
		g.logger.Error("the signing key is the old one still", zap.Error(err))
	} else if public != "" {
		g.logger.Info("the log is signed with another key from now on", zap.String("public_key", public))
	}
	return public, err
}

// nextKey is the public half of the signing key that waits to be taken up, if
// there is one.
func (g *Gateway) nextKey() (string, error) {
	return ledger.NextKey(filepath.Join(g.dir, "keys"), g.name)
}
