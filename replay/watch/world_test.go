package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/frames"
	"github.com/caddyrec/caddyrec/replay/replaytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	began = time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)
	ana   = &record.Identity{Issuer: "https://id.example", Subject: "ana"}
	eve   = &record.Identity{Issuer: "https://id.example", Subject: "eve"}
)

// world is a log with session s1, which has a frame every ten seconds.
type world struct {
	t   *testing.T
	dir string
	log *ledger.Log
}

func newWorld(t *testing.T, frames int) *world {
	t.Helper()
	w := &world{t: t}
	w.log, w.dir = replaytest.NewLog(t)
	for i := range frames {
		w.add(i)
	}
	return w
}

func (w *world) add(i int) {
	r := record.New(record.ExchangeType)
	r.Time = record.Time{Time: began.Add(time.Duration(i) * 10 * time.Second)}
	r.Session, r.Exchange = &record.Session{ID: "s1", Key: "sid"}, fmt.Sprint("x", i)
	r.Request = &record.Request{Method: "GET", URL: strings.Repeat("u", 500)}
	if _, err := w.log.Commit(context.Background(), r.AppendFields(nil)); err != nil {
		w.t.Error(err)
	}
}

var errOver = errors.New("over")

// lease is a key of some life.
type lease struct {
	end            time.Time
	expiring, done chan struct{}
	once           sync.Once
	why            error
	frames         int
}

func newLease(life time.Duration) *lease {
	l := &lease{end: time.Now().Add(life), expiring: make(chan struct{}), done: make(chan struct{})}
	time.AfterFunc(life*4/5, func() { close(l.expiring) })
	time.AfterFunc(life, func() { l.over("expired") })
	return l
}

func (l *lease) over(why string) {
	l.once.Do(func() {
		l.why = fmt.Errorf("%w: %s", errOver, why)
		close(l.done)
	})
}

func (l *lease) Frame() error {
	select {
	case <-l.done:
		return l.why
	default:
	}
	if l.Remaining() <= 0 {
		return fmt.Errorf("%w: expired", errOver)
	}
	l.frames++
	return nil
}

func (l *lease) Remaining() time.Duration { return time.Until(l.end) }

func (l *lease) Expiring() <-chan struct{} { return l.expiring }

func (l *lease) Done() <-chan struct{} { return l.done }

func (l *lease) Err() error { return l.why }

// screen is a client that notes when what came.
type screen struct {
	header   http.Header
	begun    time.Time
	events   []event
	pending  []byte
	stuck    bool // takes nothing in any more
	deadline time.Time
}

type event struct {
	at time.Duration
	m  map[string]any
}

func newScreen() *screen { return &screen{header: http.Header{}, begun: time.Now()} }

func (s *screen) Header() http.Header { return s.header }

func (s *screen) WriteHeader(int) {}

func (s *screen) SetWriteDeadline(t time.Time) error {
	s.deadline = t
	return nil
}

func (s *screen) FlushError() error { return nil }

func (s *screen) Write(b []byte) (int, error) {
	if s.stuck {
		time.Sleep(time.Until(s.deadline))
		return 0, os.ErrDeadlineExceeded
	}
	s.pending = append(s.pending, b...)
	for {
		line, rest, ok := bytes.Cut(s.pending, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		s.pending = rest
		var m map[string]any
		if json.Unmarshal(line, &m) == nil {
			s.events = append(s.events, event{time.Since(s.begun), m})
		}
	}
}

// shown lists what came: frames by number, the rest by name, each with its time.
func (s *screen) shown() string {
	var all []string
	for _, e := range s.events {
		what := e.m["event"]
		if what == nil {
			what = e.m["n"]
		}
		all = append(all, fmt.Sprintf("%v@%v", what, e.at))
	}
	return strings.Join(all, " ")
}

func (s *screen) last() map[string]any { return s.events[len(s.events)-1].m }

func (w *world) server(t *testing.T) *Server {
	t.Helper()
	reader, err := ledger.NewReader(os.DirFS(w.dir), "")
	if err != nil {
		t.Fatal(err)
	}
	return &Server{
		Library: frames.NewLibrary(reader), Cursors: NewCursors([]byte("secret")), Renew: "/renew",
		Ends: func(err error) string {
			if errors.Is(err, errOver) {
				return strings.TrimPrefix(err.Error(), "over: ")
			}
			return ""
		},
		Failed: func(err error) { t.Errorf("failed: %v", err) },
	}
}

func (s *Server) play(t *testing.T, show Show, lease Lease) *screen {
	t.Helper()
	show.Session = "s1"
	if show.Who == nil {
		show.Who = ana
	}
	out := newScreen()
	st, err := s.Prepare(t.Context(), &show)
	if err != nil {
		t.Fatal(err)
	}
	st.Serve(t.Context(), out, lease)
	return out
}
