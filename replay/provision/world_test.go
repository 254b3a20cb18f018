package provision

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/local"
)

// book keeps records as a ledger would.
type book struct {
	mu   sync.Mutex
	all  []*record.Record
	fail error
}

func (b *book) Record(_ context.Context, r *record.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	b.all = append(b.all, r)
	return nil
}

func (b *book) setFail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
}

// of are the records of a type.
func (b *book) of(t record.Type) (found []*record.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.all {
		if r.Type == t {
			found = append(found, r)
		}
	}
	return found
}

// text is all that was recorded.
func (b *book) text(t *testing.T) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, err := json.Marshal(b.all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// place is a store with authorities of one service over it.
type place struct {
	t     *testing.T
	store storage.Store
	book  *book
	wall  func() time.Time

	mu     sync.Mutex
	events []Event
}

var secret = make([]byte, 32)

func newPlace(t *testing.T) *place {
	t.Helper()
	s, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &place{t: t, store: s, book: &book{}, wall: time.Now}
}

func (p *place) authority(change ...func(*Options)) *Authority {
	p.t.Helper()
	o := Options{Service: "main", Secret: secret, Store: p.store, Recorder: p.book, Now: func() time.Time { return p.wall() },
		Logger: slog.New(slog.DiscardHandler), Watch: func(e Event) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.events = append(p.events, e)
		}}
	for _, c := range change {
		c(&o)
	}
	a, err := New(o)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(a.Close)
	return a
}

func anAsk(change ...func(*Ask)) Ask {
	a := Ask{Identity: record.Identity{Issuer: "https://id.example", Subject: "ana"}, Scope: Scope{Sessions: []string{"s_1", "s_2"}}, Purpose: "incident 7", From: at("192.0.2.1")}
	for _, c := range change {
		c(&a)
	}
	return a
}

func at(ip string) Client {
	return Client{IP: ip, Record: &record.Client{IP: ip, PeerIP: ip}, Method: "GET", URL: "https://audit.example/.caddyrec/replay/sessions/s_1/frames"}
}

func (p *place) issue(a *Authority, change ...func(*Ask)) (string, *Grant) {
	p.t.Helper()
	key, g, err := a.Issue(p.t.Context(), anAsk(change...))
	if err != nil {
		p.t.Fatal(err)
	}
	return key, g
}

func (p *place) check(a *Authority, key string, c Client) *Lease {
	p.t.Helper()
	l, err := a.Check(p.t.Context(), "Bearer "+key, c)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(l.Close)
	return l
}

// refusedWith checks for a refusal.
func (p *place) refusedWith(a *Authority, authorization string, c Client, want Reason) {
	p.t.Helper()
	l, err := a.Check(p.t.Context(), authorization, c)
	if err == nil {
		l.Close()
		p.t.Errorf("a key is accepted that is %s", want)
		return
	}
	if ReasonOf(err) != want {
		p.t.Errorf("refused with %v, want %s", err, want)
	}
}

// reasons are those of the records of a type.
func (b *book) reasons(t record.Type) (all []string) {
	for _, r := range b.of(t) {
		all = append(all, r.Key.Reason)
	}
	return all
}

func (b *book) has(t record.Type, reason string) bool {
	return slices.Contains(b.reasons(t), reason)
}

var errAway = errors.New("away")

// read is an object's text.
func (p *place) read(name string) string {
	p.t.Helper()
	r, err := p.store.Open(p.t.Context(), name)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}
