package approval

import (
	"cmp"
	"context"
	"slices"
)

// maxSettled bounds how many requests one List settles.
const maxSettled = 50

// List returns the requests that are open and the newest that have ended, on
// all nodes: the pending ones first, the oldest of them at the top; then the
// approved ones; then the ended ones of the last week, the newest first,
// at most 100. Damaged ones are left out, and logged.
func (s *Service) List(ctx context.Context) ([]State, error) {
	ended, err := s.scan(ctx, true)
	if err != nil {
		return nil, err
	}
	for _, id := range ended {
		if s.knows(id) {
			continue
		}
		if err := s.complain(id, second(s.load(ctx, id))); err != nil {
			return nil, err
		}
	}
	now := s.now()
	due := s.dueNow(now, maxSettled)
	for _, id := range due {
		if err := s.complain(id, second(s.locked(ctx, id))); err != nil {
			// What could not be recorded is not shown as decided.
			s.log.Warn("an approval's outcome is not recorded yet", "approval", id, "error", err)
			break
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	var list []State
	for _, f := range s.index.known {
		list = append(list, f.state(now))
	}
	slices.SortFunc(list, func(a, b State) int {
		byID := cmp.Compare(a.ID, b.ID)
		if !a.Status.Open() {
			byID = -byID
		}
		return cmp.Or(cmp.Compare(rank(a.Status), rank(b.Status)), byID)
	})
	first := slices.IndexFunc(list, func(st State) bool { return !st.Status.Open() })
	if first >= 0 && len(list)-first > maxFinished {
		list = list[:first+maxFinished]
	}
	return list, nil
}

func rank(st Status) int {
	switch st {
	case Pending:
		return 0
	case Approved:
		return 1
	}
	return 2
}
