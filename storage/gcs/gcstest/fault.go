package gcstest

import (
	"io"
	"net/http"
)

// Call is one request to the server.
type Call struct {
	// Op is insert, begin (of a resumable upload), chunk, get, media, list,
	// patch or delete.
	Op string
	// Name is the object's; of a listing, the prefix.
	Name string
}

// Fault is how a request goes wrong.
type Fault int

// The faults. A number from 400 on is that status, with nothing done.
const (
	None      Fault = iota
	LostAck         // it is done, but the connection breaks before the answer
	Stall           // nothing is done and no answer comes
	Break           // the connection breaks in the middle: of what is sent for uploads, of the answer else
	Corrupt         // media is answered with one bit changed
	ShortRead       // media is answered without its last byte, as if that were all
)

// Fail asks f about every request from now on, before anything of it is done;
// nil: no more faults. f is called from one goroutine at a time, and may change
// what is stored.
func (s *Server) Fail(f func(Call) Fault) {
	s.faults.Lock()
	defer s.faults.Unlock()
	s.fault = f
}

// Once is a fault for the first request of an operation.
func Once(op string, fault Fault) func(Call) Fault { return Times(1, op, fault) }

// Times is a fault for the first n requests of an operation.
func Times(n int, op string, fault Fault) func(Call) Fault {
	return func(c Call) Fault {
		if c.Op != op || n == 0 {
			return None
		}
		n--
		return fault
	}
}

// Calls are the requests that came so far.
func (s *Server) Calls() []Call {
	s.faults.Lock()
	defer s.faults.Unlock()
	return append([]Call(nil), s.calls...)
}

// note keeps a request and says how it goes wrong.
func (s *Server) note(c Call) Fault {
	s.faults.Lock()
	defer s.faults.Unlock()
	s.calls = append(s.calls, c)
	if s.fault == nil {
		return None
	}
	return s.fault(c)
}

// fail plays a fault that comes before anything is done.
func (s *Server) fail(r *http.Request, f Fault) {
	switch {
	case f >= 400:
		io.Copy(io.Discard, r.Body)
		panic(problem{status: int(f), reason: "injected", message: "a fault of the test's"})
	case f == Stall:
		io.Copy(io.Discard, r.Body) // only then is a client's leaving noticed
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
		hangUp()
	case f == Break && r.Method == http.MethodPost:
		io.CopyN(io.Discard, r.Body, max(1, r.ContentLength/2))
		hangUp()
	}
}

// hangUp breaks the connection.
func hangUp() { panic(http.ErrAbortHandler) }
