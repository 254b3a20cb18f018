package approval

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// recallTime bounds how long the ledger is read for what was asked and used.
const recallTime = 5 * time.Minute

// spent is which requests were asked and used, whatever their objects say now: an
// object may have been removed, or all of them put back from a copy. What this process
// opened it knows by itself, of all else the ledger tells. Ids are kept as long
// as their requests can be used.
type spent struct {
	reading chan struct{} // held while the ledger is read

	mu       sync.Mutex
	recalled bool            // the ledger has been read
	used     map[string]bool // by id
	asked    map[string]bool // by another process, once recalled
	opened   map[string]bool // by this process, so that the ledger has no more to tell
	pruned   time.Time
	told     string // the last complaint
}

func newSpent() spent {
	return spent{reading: make(chan struct{}, 1), used: map[string]bool{}, asked: map[string]bool{}, opened: map[string]bool{}}
}

// note keeps a request that was opened or used.
func (s *Service) note(in map[string]bool, id string) {
	now := s.now()
	s.spent.mu.Lock()
	defer s.spent.mu.Unlock()
	if in[id] = true; now.Sub(s.spent.pruned).Abs() < s.opts.Expiry/2 {
		return
	}
	s.spent.pruned = now
	for _, ids := range []map[string]bool{s.spent.used, s.spent.asked, s.spent.opened} {
		for id := range ids {
			if s.outlived(id, now) {
				delete(ids, id)
			}
		}
	}
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
	noting := func(in map[string]bool) func(string) {
		return func(id string) {
			if validID(id) {
				s.note(in, id)
			}
		}
	}
	err := s.opts.Recall(ctx, s.now().Add(-s.opts.Expiry-skew), noting(s.spent.asked), noting(s.spent.used))
	if err != nil {
		s.complainOfLedger(err)
		return false, fmt.Errorf("looking for approval %s among those that were used: %w", id, err)
	}
	s.spent.mu.Lock()
	defer s.spent.mu.Unlock()
	s.spent.recalled = true
	return s.spent.used[id], nil
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

func (s *Service) knownUsed(id string) (used, known bool) {
	s.spent.mu.Lock()
	defer s.spent.mu.Unlock()
	return s.spent.used[id], s.spent.used[id] || s.spent.recalled || s.spent.opened[id]
}

// wasAsked says whether the ledger knows request id, of which it is known whether
// it was used, or whether another one may. Those too old to be used nobody
// remembers.
func (s *Service) wasAsked(id string) bool {
	if s.opts.Recall == nil || s.opts.Shared || s.outlived(id, s.now()) {
		return true
	}
	s.spent.mu.Lock()
	defer s.spent.mu.Unlock()
	return s.spent.opened[id] || s.spent.asked[id]
}
