package caddyrec

import (
	"sync"

	"github.com/caddyrec/caddyrec/record"
)

// seen remembers sessions in two generations, so that it is bounded and never
// forgets one of the last seenGeneration.
type seen struct {
	mu       sync.RWMutex
	now, old map[string]struct{}
}

const seenGeneration = 1 << 15

func (s *seen) has(id string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, now := s.now[id]
	_, old := s.old[id]
	return now || old
}

func (s *seen) add(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.now) >= seenGeneration {
		s.old, s.now = s.now, nil
	}
	if s.now == nil {
		s.now = make(map[string]struct{})
	}
	s.now[id] = struct{}{}
}

// Observe records the first sight of the session since the process started. A
// gateway that only sees tokens does not see logins, so it does not say login.
// Two requests that arrive first together may both be recorded as the first.
func (v *Visit) Observe() error {
	if v.Session == nil || v.gateway.sessions.has(v.Session.ID) {
		return nil
	}
	r := v.Record(record.SessionObserved)
	r.Request, r.Masked = nil, nil
	if err := v.Commit(r); err != nil {
		return err
	}
	v.gateway.sessions.add(v.Session.ID)
	return nil
}
