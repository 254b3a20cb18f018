// Package spool is a [storage.Store] in front of one that is far away or often
// not there.
//
// Its promise: what was created is durable on this machine when Create returns,
// and reaches the store behind it, in the order of the creates, as soon as that
// can be reached, also after a restart. It is read back from where it is. What
// is kept meanwhile has a limit.
//
// An object is a file, synced and then linked to its name, with a head that
// tells the object's name, size and CRC32C. It is removed when the store behind
// has it. One that is damaged on this disk, or whose name something else has in
// the store behind, is set aside, logged, and stands in no other's way.
//
// One process creates a name. A name is refused that is taken in the store
// behind, if that can be reached; if it cannot, that comes out at the upload.
package spool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

// ErrFull says that the spool has reached its limit, because the store behind
// has not taken what is in it.
var ErrFull = errors.New("storage: the spool is full, since the store behind it does not take what it holds")

// Policy is what happens at the limit.
type Policy string

// The policies.
const (
	// Deny refuses further creates, with [ErrFull].
	Deny Policy = "deny"
	// Alarm logs an error, now and then, and goes on as long as the disk does.
	Alarm Policy = "alarm"
)

// Options say where objects wait, and how many.
type Options struct {
	// Dir is a folder of the spool's own, on a local disk. It is made if it is
	// not there.
	Dir string
	// Limit is how much may wait, in bytes. One object that is larger is taken
	// if none waits.
	Limit int64
	// OnFull is what happens at the limit.
	OnFull Policy
	// Log is told what goes wrong behind the creates. nil: nothing is logged.
	Log *slog.Logger

	pause time.Duration // for tests; 0: 1 s. After the first failure
	check time.Duration // for tests; 0: 2 s. Longest wait for the store behind in a Create
	drain time.Duration // for tests; 0: 5 s. Longest wait for it in Close
}

// Check says whether the options can be meant.
func (o Options) Check() error {
	switch {
	case o.Dir == "":
		return errors.New("no folder given for the spool")
	case o.Limit <= 0:
		return errors.New("the spool's limit must be positive")
	case o.OnFull != Deny && o.OnFull != Alarm:
		return fmt.Errorf("%q is nothing to do when the spool is full: use %s or %s", o.OnFull, Deny, Alarm)
	}
	return nil
}

// Spool is the store in front. Make it with [Open], end it with Close.
type Spool struct {
	behind storage.Store
	opts   Options
	log    *slog.Logger
	root   *os.Root

	mu       sync.Mutex
	pending  []*entry // in order
	byName   map[string]*entry
	bytes    int64
	aside    int    // files that were set aside
	next     uint64 // number of the next file
	watches  map[*watch]bool
	away     bool // the store behind could not be reached
	refused  bool // a create was refused since an entry left
	alarmed  time.Time
	wake     chan struct{} // of capacity 1
	progress chan struct{} // closed and made anew when something has left or failed

	cancel context.CancelFunc
	done   chan struct{}
}

var (
	_ storage.Batcher    = (*Spool)(nil)
	_ storage.Limited    = (*Spool)(nil)
	_ storage.Backlogged = (*Spool)(nil)
)

// Open takes the spool in a folder, with what waits in it for the store behind.
// Close does not close that.
func Open(behind storage.Store, opts Options) (*Spool, error) {
	if err := opts.Check(); err != nil {
		return nil, fmt.Errorf("opening spool: %w", err)
	}
	for value, standard := range map[*time.Duration]time.Duration{&opts.pause: time.Second, &opts.check: 2 * time.Second, &opts.drain: 5 * time.Second} {
		if *value == 0 {
			*value = standard
		}
	}
	s := &Spool{
		behind: behind, opts: opts, log: opts.Log, byName: map[string]*entry{}, watches: map[*watch]bool{},
		wake: make(chan struct{}, 1), progress: make(chan struct{}), done: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.openFolder(); err != nil {
		return nil, fmt.Errorf("opening spool in %s: %w", opts.Dir, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.wake <- struct{}{}
	go s.upload(ctx)
	return s, nil
}

// Close gives what waits a last while to leave, if the store behind can be
// reached, and stops. What is left is there at the next Open.
func (s *Spool) Close() error {
	late := time.NewTimer(s.opts.drain)
	defer late.Stop()
	for waiting := true; waiting; {
		s.mu.Lock()
		progress := s.progress
		idle := len(s.pending) == 0 || s.away
		s.mu.Unlock()
		if idle {
			break
		}
		select {
		case <-progress:
		case <-late.C:
			waiting = false
		}
	}
	s.cancel()
	<-s.done
	if left := s.Backlog(); left.Objects > 0 {
		s.log.Warn("objects are left in the spool: they are uploaded after the next start", "objects", left.Objects, "bytes", left.Bytes, "folder", s.opts.Dir)
	}
	return s.root.Close()
}

// Backlog implements [storage.Backlogged].
func (s *Spool) Backlog() storage.Backlog {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := storage.Backlog{Objects: len(s.pending), Bytes: s.bytes, Aside: s.aside}
	if len(s.pending) > 0 {
		b.Oldest = s.pending[0].since
	}
	return b
}

// Full implements [storage.Limited].
func (s *Spool) Full() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.OnFull == Deny && (s.refused || s.bytes >= s.opts.Limit) {
		return ErrFull
	}
	return nil
}

// nudge tells the uploads that there is something to do.
func (s *Spool) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// atLimit does what the policy says. The caller holds the lock.
func (s *Spool) atLimit() error {
	if s.opts.OnFull == Deny {
		s.refused = true
		return ErrFull
	}
	if time.Since(s.alarmed) > time.Minute {
		s.alarmed = time.Now()
		s.log.Error("the spool is over its limit and goes on: the disk will be full", "objects", len(s.pending), "bytes", s.bytes, "limit", s.opts.Limit, "folder", s.opts.Dir)
	}
	return nil
}

func (s *Spool) add(e *entry) {
	s.pending = append(s.pending, e)
	s.byName[e.Name] = e
	s.bytes += e.Size
}

// waits is the entry of a name, nil if none has it.
func (s *Spool) waits(name string) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byName[name]
}
