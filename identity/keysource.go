package identity

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxWait    = 2 * time.Second // of a request for a fetch
	maxWaiters = 256             // requests waiting; more would only pile up
)

var errNotFetched = errors.New("keys have not been fetched yet")

// keySource holds the last good keyring and decides when to fetch another. Only
// Run fetches; requests ask it to and wait, so there is one fetch at a time and
// none ends with a request.
type keySource struct {
	v     *Verifier
	ring  atomic.Pointer[keyring]
	wake  chan struct{}
	after func(time.Duration) (<-chan time.Time, func() bool)

	mu      sync.Mutex
	flight  chan struct{} // closed when the fetch due or under way is over; nil if there is none
	started bool
	stopped bool
	waiters int
	tried   time.Time // start of the last fetch
	next    time.Time // start of the next regular one
	failed  error     // of the last fetch
}

func newKeySource(v *Verifier) *keySource {
	return &keySource{
		v:      v,
		wake:   make(chan struct{}, 1),
		flight: make(chan struct{}), // the first fetch is due
		failed: errNotFetched,
		after: func(d time.Duration) (<-chan time.Time, func() bool) {
			t := time.NewTimer(d)
			return t.C, t.Stop
		},
	}
}

// store makes r the current ring. Tokens verified so far stay so only if the keys
// are the same.
func (s *keySource) store(r *keyring) {
	if old := s.ring.Load(); r.sameKeys(old) {
		r.cache = old.cache
	} else {
		r.cache = newTokenCache(s.v.cfg.CacheSize)
	}
	s.ring.Store(r)
}

// find returns the keys for kid and the ring they are from. If kid is unknown and
// ask is set it lets the keys be fetched again, where that is allowed. The error
// is an unknown-key TokenError or an UnavailableError.
func (s *keySource) find(ctx context.Context, kid string, ask bool) (*keyring, []publicKey, error) {
	ring := s.ring.Load()
	usable := ring.fresh(s.v.cfg.Now(), s.v.cfg.MaxStale)
	if usable {
		if keys := ring.find(kid); keys != nil {
			return ring, keys, nil
		}
	}
	// Without usable keys Run tries anyway, at its own pace: wait, do not ask.
	if ask && s.await(ctx, usable) {
		ring = s.ring.Load()
		usable = ring.fresh(s.v.cfg.Now(), s.v.cfg.MaxStale)
		if usable {
			if keys := ring.find(kid); keys != nil {
				return ring, keys, nil
			}
		}
	}
	if !usable {
		return nil, nil, s.unavailable()
	}
	return nil, nil, &TokenError{Reason: unknownKey}
}

// await waits for the fetch under way to end. If there is none it asks for one,
// provided start is set and the last one is MinRefetch ago. It reports whether a
// fetch has ended.
func (s *keySource) await(ctx context.Context, start bool) bool {
	s.mu.Lock()
	if s.stopped || s.waiters >= maxWaiters {
		s.mu.Unlock()
		return false
	}
	if s.flight == nil {
		if !start || s.v.cfg.Now().Sub(s.tried) < s.v.cfg.MinRefetch {
			s.mu.Unlock()
			return false
		}
		s.flight = make(chan struct{})
		s.wake <- struct{}{} // has room: one for each flight
	}
	flight := s.flight
	s.waiters++
	s.mu.Unlock()

	timeout, stop := s.after(maxWait)
	defer stop()
	ended := false
	select {
	case <-flight:
		ended = true
	case <-timeout:
	case <-ctx.Done():
	}
	s.mu.Lock()
	s.waiters--
	s.mu.Unlock()
	return ended
}

func (s *keySource) unavailable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := max(s.next.Sub(s.v.cfg.Now()), time.Second)
	err := s.failed
	if err == nil {
		err = errors.New("keys are too old")
	}
	return &UnavailableError{
		Issuer:     s.v.cfg.Issuer,
		RetryAfter: (wait + time.Second - 1).Truncate(time.Second),
		Err:        err,
	}
}

// landed ends the flight: those waiting look again.
func (s *keySource) landed(err error, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
	s.next = s.v.cfg.Now().Add(wait)
	close(s.flight)
	s.flight = nil
	select {
	case <-s.wake: // asked for while a regular fetch began: this was it
	default:
	}
}

func (s *keySource) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.flight != nil {
		close(s.flight)
		s.flight = nil
	}
}
