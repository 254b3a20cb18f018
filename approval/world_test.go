package approval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errFault = errors.New("injected fault")

// world is a store, a ledger and a clock that services share, and where each
// step can be made to fail.
type world struct {
	mu      sync.Mutex
	objects map[string][]byte
	ledger  []*record.Record
	clock   time.Time
	reads   int

	// fault decides what becomes of a step: op is create, record, open or
	// list. Nil: it works.
	fault func(op, name string) fate
	// before runs before the next create or record that it names, once.
	before map[string]func()
}

type fate int

const (
	works       fate = iota
	fails            // nothing happened
	worksButNot      // it happened, and is reported as failed
)

func newWorld() *world {
	return &world{objects: map[string][]byte{}, clock: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
}

// interlude lets something else happen just before a step.
func (w *world) interlude(suffix string, f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = map[string]func(){suffix: f}
}

func (w *world) meanwhile(name string) {
	w.mu.Lock()
	var run func()
	for suffix, f := range w.before {
		if strings.HasSuffix(name, suffix) {
			run = f
			delete(w.before, suffix)
		}
	}
	w.mu.Unlock()
	if run != nil {
		run()
	}
}

func (w *world) fate(op, name string) fate {
	if w.fault == nil {
		return works
	}
	return w.fault(op, name)
}

func (w *world) Create(ctx context.Context, name string, r io.Reader) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	w.meanwhile(name)
	w.mu.Lock()
	defer w.mu.Unlock()
	fate := w.fate("create", name)
	if fate == fails {
		return errFault
	}
	if _, ok := w.objects[name]; ok {
		return fmt.Errorf("%w: %s", storage.ErrExist, name)
	}
	w.objects[name] = b
	if fate == worksButNot {
		return errFault
	}
	return nil
}

func (w *world) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads++
	if w.fate("open", name) != works {
		return nil, errFault
	}
	b, ok := w.objects[name]
	if !ok {
		return nil, storage.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (w *world) List(_ context.Context, prefix string) iter.Seq2[string, error] {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for name := range w.objects {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	broken := w.fate("list", prefix) != works
	return func(yield func(string, error) bool) {
		if broken {
			yield("", errFault)
			return
		}
		for _, name := range names {
			if !yield(name, nil) {
				return
			}
		}
	}
}

func (w *world) Record(ctx context.Context, r *record.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.meanwhile(string(r.Type))
	w.mu.Lock()
	defer w.mu.Unlock()
	fate := w.fate("record", string(r.Type))
	if fate == fails {
		return errFault
	}
	w.ledger = append(w.ledger, r)
	if fate == worksButNot {
		return errFault
	}
	return nil
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// breakIt sets what fails from now on.
func (w *world) breakIt(fault func(op, name string) fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = fault
}

// told are the records of a type about a request.
func (w *world) told(typ record.Type, id string) []*record.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []*record.Record
	for _, r := range w.ledger {
		if r.Type == typ && r.Approval.ID == id {
			list = append(list, r)
		}
	}
	return list
}

// story is the types and states of a request's records, in order.
func (w *world) story(id string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for _, r := range w.ledger {
		if r.Approval.ID == id {
			list = append(list, strings.TrimPrefix(string(r.Type), "approval.")+":"+r.Approval.State)
		}
	}
	return list
}

// node is one process's service over w.
func (w *world) node(t testing.TB, opts Options) *Service {
	t.Helper()
	if opts.Now == nil {
		opts.Now = w.now
	}
	if opts.Poll == 0 {
		opts.Poll = time.Millisecond
	}
	s, err := New(w, w, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const issuer = "https://id.example"

func person(name string) Person {
	return Person{Issuer: issuer, Subject: name, Email: name + "@example.com"}
}

func voter(p Person, groups ...string) Voter {
	return Voter{Person: p, Values: func(claim string) []string {
		if claim != "groups" {
			return nil
		}
		return groups
	}}
}

func approver(name string) Voter { return voter(person(name), "security") }

func ask(requester, binding string, need int) Ask {
	return Ask{
		Requester: person(requester), Host: "orders.example.com", Method: "POST",
		URL: "https://orders.example.com/orders", Body: `{"amount":5000}`, Binding: binding,
		Policy:   Policy{Name: "risky", Claim: "groups", Values: []string{"security", "admins"}, Need: need},
		Exchange: record.NewID(),
	}
}

func mustAsk(t testing.TB, s *Service, a Ask) State {
	t.Helper()
	st, err := s.Ask(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func mustVote(t testing.TB, s *Service, id string, v Voter, d Decision) State {
	t.Helper()
	st, err := s.Vote(t.Context(), id, v, d, "")
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func wantStatus(t testing.TB, s *Service, id string, want Status) State {
	t.Helper()
	st, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if st.Status != want {
		t.Fatalf("the request is %s, want %s", st.Status, want)
	}
	return st
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}
