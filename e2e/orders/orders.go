// Package orders is an orders API with state: what a recording is made of, and
// what it is replayed on. Its state is a journal in a file, synced before an
// answer is given and read back at the start.
//
//	GET    /session                     a CSRF token, and a cookie that it belongs to
//	POST   /orders                      {"csrf_token", "item", "quantity"}: 201, Location
//	GET    /orders                      all orders, the oldest first
//	GET    /orders/{id}                 one, with an ETag
//	PATCH  /orders/{id}                 {"quantity"}, with If-Match
//	POST   /orders/{id}/notes           {"text"}: a note, whose id is a number
//	DELETE /orders/{id}/notes/{note}    204
//	POST   /orders/{id}/payment         {"password", "card"}: 402 if the password is wrong
//	GET    /orders/{id}/receipt         the receipt of a paid order, with the time
package orders

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
)

// Bug is a fault planted in a service, for a replay to find.
type Bug string

// The bugs.
const (
	None      Bug = ""
	Rounding  Bug = "rounding"   // totals of three and more are a cent short
	TextTotal Bug = "text-total" // totals are strings
	NoTax     Bug = "no-tax"     // receipts do not tell the tax
	NoMatch   Bug = "no-match"   // If-Match is refused
)

// Service is the API. It is an [http.Handler].
type Service struct {
	// Bug is the fault planted in it, Password what payments ask for. FirstNote
	// is the number of the first note. They are set before it is used.
	Bug       Bug
	Password  string
	FirstNote int

	routes  *http.ServeMux
	mu      sync.Mutex
	journal *os.File
	orders  []*order
	notes   int
	tokens  map[string]string // CSRF tokens by the cookie they belong to
	keys    map[string]bool   // idempotency keys of orders
	asked   []string          // lines of requests
}

// order is one order. Its JSON is a line of the journal: the newest of an id
// counts.
type order struct {
	ID       string `json:"id"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
	Version  int    `json:"version"`
	Paid     bool   `json:"paid"`
	Notes    []note `json:"notes"`
}

type note struct {
	ID   int    `json:"id"`
	Text string `json:"text"`
}

// Open opens a service on its journal, which is made if it is not there.
func Open(file string) (*Service, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	s := &Service{Password: "correct horse", FirstNote: 1, journal: f, tokens: map[string]string{}, keys: map[string]bool{}}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		o := new(order)
		if err := json.Unmarshal(lines.Bytes(), o); err != nil {
			return nil, errors.Join(fmt.Errorf("reading %s: %w", file, err), f.Close())
		}
		s.put(o)
	}
	if err := lines.Err(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.routes = http.NewServeMux()
	for pattern, serve := range map[string]func(*http.Request, *order) reply{
		"GET /session": s.session, "POST /orders": s.create, "GET /orders": s.list,
		"GET /orders/{id}": s.one, "PATCH /orders/{id}": s.change,
		"POST /orders/{id}/notes": s.addNote, "DELETE /orders/{id}/notes/{note}": s.dropNote,
		"POST /orders/{id}/payment": s.pay, "GET /orders/{id}/receipt": s.receipt,
	} {
		s.routes.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, serve) })
	}
	return s, nil
}

// Close gives the journal up.
func (s *Service) Close() error { return s.journal.Close() }

// Asked are the lines of all requests so far, as "GET /orders".
func (s *Service) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// Orders is how many orders there are.
func (s *Service) Orders() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.orders)
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// reply is an answer.
type reply struct {
	status int
	header map[string]string
	body   any
}

func problem(status int, text string) reply {
	return reply{status: status, body: map[string]string{"error": text}}
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request, serve func(*http.Request, *order) reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	var o *order
	out := problem(http.StatusNotFound, "no such order")
	if id := r.PathValue("id"); id != "" {
		o = s.find(id)
	}
	if o != nil || r.PathValue("id") == "" {
		out = serve(r, o)
	}
	for name, value := range out.header {
		w.Header().Set(name, value)
	}
	if out.body == nil {
		w.WriteHeader(out.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(out.status)
	json.NewEncoder(w).Encode(out.body)
}

func (s *Service) find(id string) *order {
	for _, o := range s.orders {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// put takes an order up in memory.
func (s *Service) put(o *order) {
	for _, n := range o.Notes {
		s.notes = max(s.notes, n.ID)
	}
	for i, old := range s.orders {
		if old.ID == o.ID {
			s.orders[i] = o
			return
		}
	}
	s.orders = append(s.orders, o)
}

// save makes an order durable, and then visible.
func (s *Service) save(o order) error {
	o.Version++
	line, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if _, err := s.journal.Write(append(line, '\n')); err != nil {
		return err
	}
	if err := s.journal.Sync(); err != nil {
		return err
	}
	s.put(&o)
	return nil
}

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

func read(r *http.Request, into any) bool {
	return json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(into) == nil
}
