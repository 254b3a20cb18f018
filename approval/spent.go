package approval

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// recallTime bounds how long the ledger is read for what was asked and used.
const recallTime = 5 * time.Minute

// Memory is what this process knows by itself of a store's requests, whatever
// their objects say now: an object may have been removed, or all of them put back
// from a copy. Services with ledgers of their own over one store share one, so
// that a request which one of them opened can be voted on through another, and
// none of them takes for open what one has used. The zero Memory is empty. It is
// safe for concurrent use. Ids are kept as long as their requests can be used.
type Memory struct{ opened, used idSet }

// spent is what one Service knows beyond its [Memory]: which requests its own
// ledger has as asked. Only those it claims.
type spent struct {
	*Memory
	own idSet

	reading chan struct{} // held while the ledger is read

	mu       sync.Mutex
	recalled bool   // the ledger has been read
	told     string // the last complaint
}

func newSpent(m *Memory) spent {
	if m == nil {
		m = new(Memory)
	}
	return spent{Memory: m, reading: make(chan struct{}, 1)}
}

// idSet is ids of requests.
type idSet struct {
	mu     sync.Mutex
	ids    map[string]bool
	pruned time.Time
}

func (s *idSet) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[id]
}

// note keeps an id of a request that was opened, asked or used.
func (s *Service) note(in *idSet, id string) {
	now := s.now()
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ids == nil {
		in.ids = map[string]bool{}
	}
	if in.ids[id] = true; now.Sub(in.pruned).Abs() < s.opts.Expiry/2 {
		return
	}
	in.pruned = now
	for id := range in.ids {
		if s.outlived(id, now) {
			delete(in.ids, id)
		}
	}
}

// opened keeps a request that this Service has opened.
func (s *Service) opened(id string) {
	s.note(&s.spent.own, id)
	s.note(&s.spent.opened, id)
}

// outlived says whether the time of a request is over, by its id.
func (s *Service) outlived(id string, now time.Time) bool {
	return idTime(id).Add(s.opts.Expiry + skew).Before(now)
}

// wasUsed says whether request id was used, by the ledger's word. An error
// means that this is not known.
func (s *Service) wasUsed(ctx context.Context, id string) (bool, error) {
	if used, known := s.knownUsed(id); known || s.outlived(id, s.now()) || s.opts.Recall == nil {
		return used, nil
	}
	select {
	case s.spent.reading <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-s.spent.reading }()
	used, known := s.knownUsed(id)
	if known { // somebody else has read it meanwhile
		return used, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recallTime)
	defer cancel()
	noting := func(in *idSet) func(string) {
		return func(id string) {
			if validID(id) {
				s.note(in, id)
			}
		}
	}
	err := s.opts.Recall(ctx, s.now().Add(-s.opts.Expiry-skew), noting(&s.spent.own), noting(&s.spent.used))
	if err != nil {
		s.complainOfLedger(err)
		return false, fmt.Errorf("looking for approval %s among those that were used: %w", id, err)
	}
	s.spent.mu.Lock()
	s.spent.recalled = true
	s.spent.mu.Unlock()
	return s.spent.used.has(id), nil
}

// complainOfLedger logs why the ledger cannot be read, once: each request tries.
func (s *Service) complainOfLedger(err error) {
	s.spent.mu.Lock()
	again := s.spent.told == err.Error()
	s.spent.told = err.Error()
	s.spent.mu.Unlock()
	if !again {
		s.log.Error("approvals that were asked for before the start are refused: the log cannot be read back", "error", err)
	}
}

// knownUsed says whether request id was used, and whether the ledger has no more
// to tell of it, as of what this Service has opened.
func (s *Service) knownUsed(id string) (used, known bool) {
	if s.spent.used.has(id) {
		return true, true
	}
	s.spent.mu.Lock()
	defer s.spent.mu.Unlock()
	return false, s.spent.recalled || s.spent.own.has(id)
}

// wasAsked says whether request id, of which it is known whether it was used, was
// asked by the word of the ledger or of this process, or whether another one may
// have been. Those too old to be used nobody remembers.
func (s *Service) wasAsked(id string) bool {
	return s.spent.opened.has(id) || s.isOwn(id)
}

// isOwn is wasAsked for what may be joined and claimed here: a request that was
// asked under another ledger is for that one alone, which can tell after a
// restart whether it was used.
func (s *Service) isOwn(id string) bool {
	return s.opts.Recall == nil || s.opts.Shared || s.outlived(id, s.now()) || s.spent.own.has(id)
}
