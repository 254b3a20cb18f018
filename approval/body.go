package approval

import "maps"

// A body that is encrypted can be read by nobody here, so those of open requests
// are kept in memory beside: approvers must see what they approve.

// encrypt takes r's body out and puts an encrypted one there.
func (s *Service) encrypt(r *Request) {
	if s.opts.Encrypt == nil || r.Body == "" {
		return
	}
	if r.Encrypted = s.opts.Encrypt(r.ID, r.Body); r.Encrypted == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bodies == nil {
		s.bodies = map[string]string{}
	}
	if len(s.bodies) >= s.index.most { // some ended unseen
		maps.DeleteFunc(s.bodies, func(id, _ string) bool { return s.index.known[id] == nil })
	}
	if len(s.bodies) < s.index.most {
		s.bodies[r.ID] = r.Body
	}
	r.Body = ""
}

// showBody puts the body that is kept back into a request that was read.
func (s *Service) showBody(f *facts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.final() {
		delete(s.bodies, f.request.ID)
	} else if f.request.Encrypted != nil {
		f.request.Body = s.bodies[f.request.ID]
	}
}

func (s *Service) dropBody(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.bodies, id)
}
