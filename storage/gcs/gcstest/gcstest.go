// Package gcstest is a strict stand-in for Google Cloud Storage, for tests: the
// part of its JSON API over HTTP that a write-once store uses, with the rules
// that emulators leave out. Preconditions, generations, checksums, object
// retention (locked and unlocked) and temporary holds are enforced, also
// against overwriting; requests can be made to fail as networks and servers
// fail, see [Fault].
package gcstest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Bucket is the one bucket there is.
const Bucket = "records"

// Server is the service. Make it with [Start].
type Server struct {
	// URL is where it answers, without a path.
	URL string

	http *httptest.Server
	done chan struct{} // closed when stalls are over

	mu         sync.Mutex
	objects    map[string]*Object
	sessions   map[string]*session
	generation int64
	ahead      time.Duration
	noRetain   bool
	page       int
	stored     chan struct{} // closed and made anew when an object is stored

	faults sync.Mutex // held while fault runs; never taken under mu
	fault  func(Call) Fault
	calls  []Call
}

// Start runs a server until the test ends.
func Start(t testing.TB) *Server {
	s := &Server{done: make(chan struct{}), objects: map[string]*Object{}, sessions: map[string]*session{}, page: 1000, stored: make(chan struct{})}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.http.URL
	t.Cleanup(s.Stop)
	return s
}

// Stop ends the server, and with it what stalls. Nobody answers at its URL then.
func (s *Server) Stop() {
	s.mu.Lock()
	select {
	case <-s.done:
	default:
		close(s.done)
	}
	s.mu.Unlock()
	s.http.CloseClientConnections()
	s.http.Close()
}

// Advance moves the server's clock.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// Now is the server's time.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Server) now() time.Time { return time.Now().Add(s.ahead).UTC() }

// RefuseRetention makes the bucket one that was made without object retention.
func (s *Server) RefuseRetention() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noRetain = true
}

// PageSize sets how many names a listing gives at once: 1000 at first.
func (s *Server) PageSize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page = n
}

// Object returns a copy of what is stored under a name.
func (s *Server) Object(name string) (o Object, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	there, ok := s.objects[name]
	if !ok {
		return Object{}, false
	}
	o = *there
	o.Data, o.Metadata = slices.Clone(o.Data), maps.Clone(o.Metadata)
	return o, true
}

// Put stores an object behind every client's back, whatever was there.
func (s *Server) Put(name string, data []byte, metadata map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(name, data, resource{Metadata: metadata})
}

// Names are the names of all objects, in order.
func (s *Server) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.objects))
}

// Await waits for an object whose name begins with prefix, and returns the
// name.
func (s *Server) Await(t testing.TB, prefix string) string {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		names, stored := slices.Sorted(maps.Keys(s.objects)), s.stored
		s.mu.Unlock()
		for _, name := range names {
			if strings.HasPrefix(name, prefix) {
				return name
			}
		}
		select {
		case <-stored:
		case <-late:
			t.Fatalf("the bucket has %q, nothing below %s", names, prefix)
		}
	}
}

// Hold holds an object behind every client's back.
func (s *Server) Hold(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[name].Hold = true
	s.objects[name].Metageneration++
}
