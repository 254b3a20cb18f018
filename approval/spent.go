package approval

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// recallTime bounds how long the ledger is read for what was used.
const recallTime = 5 * time.Minute

// spent is which requests were used, whatever their objects say now: an object
// may have been removed, or all of them put back from a copy. What this process
// opened it knows by itself, of all else the ledger tells. Ids are kept as long
// as their requests can be used.
type spent struct {
	reading chan struct{} // held while the ledger is read

	mu       sync.Mutex
	recalled bool            // the ledger has been read
	used     map[string]bool // by id
	opened   map[string]bool // by this process, so that the ledger has no more to tell
	pruned   time.Time
}

func newSpent() spent {
	return spent{reading: make(chan struct{}, 1), used: map[string]bool{}, opened: map[string]bool{}}
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
	for _, ids := range []map[string]bool{s.spent.used, s.spent.opened} {
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
	if used, known := s.knownUsed(id); known || s.outlived(id, s.now()) {
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
	err := s.opts.Used(ctx, s.now().Add(-s.opts.Expiry-skew), func(id string) {
		if validID(id) {
			s.note(s.spent.used, id)
		}
	})
	if err != nil {
		return false, fmt.Errorf("looking for approval %s among those that were used: %w", id, err)
	}
	s.spent.mu.Lock()
	defer s.spent.mu.Unlock()
	s.spent.recalled = true
	return s.spent.used[id], nil
}

func (s *Service) knownUsed(id string) (used, known bool) {
	s.spent.mu.Lock()
	defer s.spent.mu.Unlock()
	return s.spent.used[id], s.spent.used[id] || s.spent.recalled || s.spent.opened[id]
}
