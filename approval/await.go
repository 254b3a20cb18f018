package approval

import (
	"context"
	"errors"
	"time"
)

// watch is what those who wait for one request share.
type watch struct {
	waiters int
	polled  time.Time     // when one of them last looked
	decided chan struct{} // closed when state is set
	state   State
}

// Await waits until request id is decided or expired, on this node or another,
// or ctx ends. It returns the state it was in then; when ctx ends, the last
// state known with ctx's error. While the store or the ledger is away it goes
// on waiting. Other errors: ErrNotFound, ErrDamaged.
func (s *Service) Await(ctx context.Context, id string) (State, error) {
	w := s.watch(id)
	defer s.unwatch(id, w)

	var last State
	var trouble error
	look := func() bool {
		st, err := s.locked(ctx, id)
		if err == nil {
			last = st
		}
		if ctx.Err() == nil { // else it says only that the time is over
			trouble = err
		}
		return err == nil && st.Status != Pending || unusable(err)
	}
	if look() {
		return last, trouble
	}
	tick := time.NewTicker(s.opts.Poll)
	defer tick.Stop()
	for {
		select {
		case <-w.decided:
			return w.state, nil
		case <-ctx.Done():
			return last, errors.Join(ctx.Err(), trouble)
		case <-tick.C:
			if s.mayPoll(w) && look() {
				return last, trouble
			}
		}
	}
}

// mayPoll lets one of w's waiters look in each interval.
func (s *Service) mayPoll(w *watch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(w.polled) < s.opts.Poll*9/10 {
		return false
	}
	w.polled = time.Now()
	return true
}

func (s *Service) watch(id string) *watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.waiting[id]
	if w == nil {
		w = &watch{decided: make(chan struct{})}
		s.waiting[id] = w
	}
	w.waiters++
	return w
}

func (s *Service) unwatch(id string, w *watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.waiters--; w.waiters == 0 && s.waiting[id] == w {
		delete(s.waiting, id)
	}
}

// tell wakes all who wait for f, if there is something to tell.
func (s *Service) tell(f *facts, now time.Time) {
	if f.status(now) == Pending {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.waiting[f.request.ID]; w != nil {
		w.state = f.state(now)
		close(w.decided)
		delete(s.waiting, f.request.ID) // who comes now looks for itself
	}
}

// unusable says that err will not pass: there is no such request, or it is
// damaged.
func unusable(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrDamaged)
}
