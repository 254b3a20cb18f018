package approval

import (
	"maps"

	"github.com/caddyrec/caddyrec/record"
)

// A body that is encrypted can be read by nobody here, so those of open requests
// are kept in memory beside: approvers must see what they approve.

// name gives r its ID, takes its body out and puts an encrypted one there, if
// bodies are encrypted.
func (s *Service) name(r *Request) (err error) {
	body := r.Body
	if s.opts.Encrypt != nil && body != "" {
		r.Body, r.Encrypted = "", new(record.Encrypted)
		if r.ID, err = r.idOf(); err != nil {
			return err
		}
		if r.Encrypted = s.opts.Encrypt(r.ID, body); r.Encrypted != nil {
			s.keepBody(r.ID, body)
			return nil
		}
	}
	r.Body = body
	r.ID, err = r.idOf()
	return err
}

func (s *Service) keepBody(id, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bodies == nil {
		s.bodies = map[string]string{}
	}
	if len(s.bodies) >= s.index.most { // some ended unseen
		maps.DeleteFunc(s.bodies, func(id, _ string) bool { return s.index.known[id] == nil })
	}
	if len(s.bodies) < s.index.most {
		s.bodies[id] = body
	}
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
