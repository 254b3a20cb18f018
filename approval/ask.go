package approval

import (
	"context"
	"slices"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// Ask opens a request for approval, or joins the one that is open already: the
// same binding, requester and policy, pending or approved and not yet used. So
// a client that sends its request again finds its approval, on every node and
// after a restart, but not under another ledger in a store that is not
// [Options].Shared. Two nodes asked at the same instant may open one each.
//
// Errors: ErrInvalid, ErrTooMany.
func (s *Service) Ask(ctx context.Context, a Ask) (State, error) {
	now := s.now()
	r, err := a.written(now, s.opts.Expiry)
	if err != nil {
		return State{}, err
	}
	join := r.joins()
	unlock, err := s.keyed.lock(ctx, "ask "+join)
	if err != nil {
		return State{}, err
	}
	defer unlock()

	if st, ok, err := s.join(ctx, join); ok || err != nil {
		return st, err
	}
	if _, err := s.scan(ctx, false); err != nil { // another node may have it
		return State{}, err
	}
	if st, ok, err := s.join(ctx, join); ok || err != nil {
		return st, err
	}

	leave, err := s.admit(ctx, r.Requester, now)
	if err != nil {
		return State{}, err
	}
	defer leave()
	st, err := s.open(ctx, r)
	if err == nil {
		s.sweep(ctx, now)
	}
	return st, err
}

// join returns the open request under the key join.
func (s *Service) join(ctx context.Context, join string) (State, bool, error) {
	for _, id := range s.joinable(join) {
		st, err := s.locked(ctx, id)
		switch {
		case unusable(err):
			s.forget(id)
		case err != nil:
			return State{}, false, err
		case st.Status.Open() && s.isOwn(id):
			return st, true, nil
		}
	}
	return State{}, false, nil
}

// open records r and then writes it down.
func (s *Service) open(ctx context.Context, r Request) (State, error) {
	if err := s.name(&r); err != nil {
		return State{}, err
	}
	if _, err := encode(r); err != nil { // before there is a record of it
		return State{}, err
	}
	ctx, cancel := through(ctx)
	defer cancel()
	ev := r.event(newID(r.Created), record.ApprovalRequested, r.Created, Pending)
	ev.Identity = r.Identity
	ev.Request = &record.Request{Method: r.Method, URL: r.URL}
	if err := s.commit(ctx, ev); err != nil {
		return State{}, err
	}
	s.opened(r.ID)
	if err := create(ctx, s, r.ID, requestName, r); err != nil {
		s.dropBody(r.ID)
		return State{}, err
	}
	f, err := s.load(ctx, r.ID)
	if err != nil {
		return State{}, err
	}
	return f.state(r.Created), nil
}

// admit holds a place for one more request of p's, until leave is called.
func (s *Service) admit(ctx context.Context, p Person, now time.Time) (leave func(), err error) {
	if leave = s.reserve(p, now); leave != nil {
		return leave, nil
	}
	s.mu.Lock()
	fresh := time.Since(s.index.wholeAt) < s.opts.Poll
	s.mu.Unlock()
	if fresh { // a flood of asks must not become one of scans
		return nil, ErrTooMany
	}
	if _, err := s.scan(ctx, true); err != nil { // other nodes may have finished some
		return nil, err
	}
	if leave = s.reserve(p, now); leave != nil {
		return leave, nil
	}
	return nil, ErrTooMany
}

// reserve is admit on what is known.
func (s *Service) reserve(p Person, now time.Time) (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	total, own := len(s.index.reserved), 0
	for _, o := range s.index.reserved {
		if o.Is(p) {
			own++
		}
	}
	for _, f := range s.index.known {
		if f.status(now).Open() {
			total++
			if f.request.Requester.Is(p) {
				own++
			}
		}
	}
	if total >= s.opts.MaxPending || own >= s.opts.MaxPendingPerPerson {
		return nil
	}
	s.index.reserved = append(s.index.reserved, p)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(s.index.reserved, p); i >= 0 {
			s.index.reserved = slices.Delete(s.index.reserved, i, i+1)
		}
	}
}

// sweep records the expiry of a few that nobody asks about any more.
func (s *Service) sweep(ctx context.Context, now time.Time) {
	for _, id := range s.dueNow(now, 4) {
		if _, err := s.locked(ctx, id); err != nil && !unusable(err) {
			s.log.Warn("an approval's expiry is not recorded yet", "approval", id, "error", err)
			return
		}
	}
}
