package approval

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

const (
	// skew is how far the clocks of two nodes may be apart, and how long an
	// object may be on its way into a listing.
	skew = 5 * time.Minute
	// maxRecent is when looking through everything is as cheap.
	maxRecent = time.Hour
)

// scan looks through the store for requests that are open, by the time in
// their ids: all that can be, or those that came since the scan before. It
// returns the newest of those that have ended, ascending.
func (s *Service) scan(ctx context.Context, whole bool) (ended []string, err error) {
	now := s.now()
	s.mu.Lock()
	from, digits := s.index.scanned.Add(-skew), 7 // 2^20 ms, 17 minutes a prefix
	s.mu.Unlock()
	if whole = whole || now.Sub(from) > maxRecent; whole {
		from, digits = now.Add(-MaxExpiry-skew), 5 // 2^28 ms, 3 days
	}
	to := now.Add(skew)

	var id string
	var names []string
	take := func() error { // the group of names just read
		defer func() { names = nil }()
		if !validID(id) || idTime(id).Before(from) || idTime(id).After(to) {
			return nil
		}
		if slices.ContainsFunc(names, endedName) {
			if ended = append(ended, id); len(ended) > maxFinished {
				ended = ended[1:]
			}
			if !s.knows(id) {
				return nil
			}
		}
		if s.remembered(id, names) != nil {
			return nil
		}
		return s.complain(id, second(s.load(ctx, id)))
	}
	for _, prefix := range idPrefixes(from, to, digits) {
		for name, err := range s.store.List(ctx, root+prefix) {
			if err != nil {
				return nil, err
			}
			next, object, ok := strings.Cut(strings.TrimPrefix(name, root), "/")
			if next != id {
				if err := take(); err != nil {
					return nil, err
				}
				id = next
			}
			if ok && len(names) <= maxObjects {
				names = append(names, object)
			}
		}
	}
	if err := take(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.scanned = now
	if whole {
		s.index.wholeAt = time.Now()
	}
	return ended, nil
}

// knows says whether request id is in the index.
func (s *Service) knows(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.known[id] != nil
}

// complain logs damage, once for each request, and passes other errors on.
func (s *Service) complain(id string, err error) error {
	if !errors.Is(err, ErrDamaged) {
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	s.mu.Lock()
	told := s.index.damaged[id]
	if len(s.index.damaged) >= 1000 {
		clear(s.index.damaged)
	}
	s.index.damaged[id] = true
	s.mu.Unlock()
	if !told {
		s.log.Warn("an approval is damaged and cannot be used", "approval", id, "error", err)
	}
	return nil
}

func second[T any](_ T, err error) error { return err }
