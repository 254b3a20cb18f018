package approval

import (
	"slices"
	"time"
)

// maxFinished bounds how many finished requests are remembered and listed.
const maxFinished = 100

// index is what a Service remembers: facts by id, to save reading them again,
// and the open ones by what joins them. All of it can be found again in the
// store. Service.mu guards it.
type index struct {
	known    map[string]*facts
	byJoin   map[string][]string // ids, the oldest first
	reserved []Person            // requesters whose requests are being opened
	damaged  map[string]bool     // ids that were complained about
	most     int                 // how many facts to remember
	scanned  time.Time           // until when the store was looked through
	wholeAt  time.Time           // when it was looked through whole, by the machine's own clock
}

func newIndex(maxPending int) index {
	return index{
		known:   map[string]*facts{},
		byJoin:  map[string][]string{},
		damaged: map[string]bool{},
		most:    2*maxPending + maxFinished,
	}
}

// remembered returns the facts of request id if these are all its objects.
func (s *Service) remembered(id string, names []string) *facts {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.index.known[id]; f != nil && slices.Equal(f.names, names) {
		return f
	}
	return nil
}

// remember keeps f and lets old finished ones go. Two readers may come here in
// the wrong order; the names of the next listing tell.
func (s *Service) remember(f *facts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, id := &s.index, f.request.ID
	if f.final() {
		x.unjoin(f)
		x.known[id] = f
		x.trim(maxFinished)
		return
	}
	if x.known[id] == nil && len(x.known) >= x.most {
		if x.trim(maxFinished / 2); len(x.known) >= x.most {
			return // it stays usable, read anew each time
		}
	}
	x.known[id] = f
	join := f.request.joins()
	if !slices.Contains(x.byJoin[join], id) {
		x.byJoin[join] = append(x.byJoin[join], id)
		slices.Sort(x.byJoin[join])
	}
}

// unjoin takes f out of those that can be joined.
func (x *index) unjoin(f *facts) {
	join := f.request.joins()
	ids := slices.DeleteFunc(x.byJoin[join], func(id string) bool { return id == f.request.ID })
	if len(ids) == 0 {
		delete(x.byJoin, join)
		return
	}
	x.byJoin[join] = ids
}

// trim keeps the newest finished ones.
func (x *index) trim(keep int) {
	finished := x.finished()
	for _, id := range finished[:max(0, len(finished)-keep)] {
		delete(x.known, id)
	}
}

// finished are the ids of the finished ones known, ascending.
func (x *index) finished() []string {
	var ids []string
	for id, f := range x.known {
		if f.final() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// forget drops what is remembered of request id.
func (s *Service) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.index.known[id]; f != nil {
		s.index.unjoin(f)
		delete(s.index.known, id)
	}
}

// joinable are the ids of the open requests under a join key.
func (s *Service) joinable(join string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.index.byJoin[join])
}

// dueNow are up to most requests on which something is due at now.
func (s *Service) dueNow(now time.Time, most int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id, f := range s.index.known {
		if len(ids) < most && f.due(now) != nothing {
			ids = append(ids, id)
		}
	}
	return ids
}
