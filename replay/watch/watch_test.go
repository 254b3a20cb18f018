package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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
func (l *lease) Remaining() time.Duration  { return time.Until(l.end) }
func (l *lease) Expiring() <-chan struct{} { return l.expiring }
func (l *lease) Done() <-chan struct{}     { return l.done }
func (l *lease) Err() error                { return l.why }

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
func (s *screen) WriteHeader(int)     {}
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

func TestFramesComeInTheirOwnTimeUntilTheEnd(t *testing.T) {
	w := newWorld(t, 4)
	synctest.Test(t, func(t *testing.T) {
		s := w.server(t)
		for want, ask := range map[string]Ask{
			"0@0s 1@10s 2@20s 3@30s end@30s": {Speed: 1},
			"0@0s 1@1s 2@2s 3@3s end@3s":     {Speed: 10},
			"0@0s 1@0s 2@0s 3@0s end@0s":     {},
			"2@0s 3@5s end@5s":               {Speed: 2, FromFrame: 2},
			"3@0s end@0s":                    {Speed: 1, FromTime: began.Add(21 * time.Second)},
		} {
			if got := s.play(t, Show{Ask: ask}, newLease(time.Hour)).shown(); got != want {
				t.Errorf("%+v: got %s, want %s", ask, got, want)
			}
		}
		got := s.play(t, Show{In: func(at time.Time) bool { return at.After(began) && at.Before(began.Add(25*time.Second)) }}, newLease(time.Hour)).shown()
		if got != "1@0s 2@0s end@0s" {
			t.Errorf("in the range of the key: %s", got)
		}
		time.Sleep(2 * time.Hour) // the leases' timers
	})
}

func TestAKeyThatEndsMidStreamEndsTheStream(t *testing.T) {
	w := newWorld(t, 20)
	synctest.Test(t, func(t *testing.T) {
		s := w.server(t)
		out := s.play(t, Show{Ask: Ask{Speed: 1}}, newLease(35*time.Second))
		if got := out.shown(); got != "0@0s 1@10s 2@20s key-expiring@28s 3@30s key-expired@35s" {
			t.Errorf("got %s", got)
		}
		if warned := out.events[3].m; warned["left_ms"] != 7000.0 || warned["renew"] != "/renew" {
			t.Errorf("warned %v", warned)
		}
		end := out.last()
		if end["renew"] != "/renew" || end["cursor"] != out.events[4].m["cursor"] {
			t.Errorf("told %v", end)
		}
		// Another key of the same person goes on there; nobody else does.
		cursor := end["cursor"].(string)
		out = s.play(t, Show{Ask: Ask{Speed: 10, Cursor: cursor}}, newLease(time.Second))
		if got := out.shown(); got != "4@0s key-expiring@800ms key-expired@1s" {
			t.Errorf("went on with %s", got)
		}
		for _, c := range []Show{{Session: "s1", Who: eve}, {Session: "s2", Who: ana}} {
			c.Cursor = cursor
			if _, err := s.Prepare(t.Context(), &c); !errors.Is(err, ErrForeignCursor) {
				t.Errorf("%s of %s: %v", c.Session, c.Who.Subject, err)
			}
		}
		time.Sleep(time.Hour)
	})
}

func TestARevokedKeyEndsTheStreamAtOnce(t *testing.T) {
	w := newWorld(t, 3)
	synctest.Test(t, func(t *testing.T) {
		l := newLease(time.Hour)
		time.AfterFunc(13*time.Second, func() { l.over("revoked") })
		if got := w.server(t).play(t, Show{Ask: Ask{Speed: 1}}, l).shown(); got != "0@0s 1@10s key-revoked@13s" {
			t.Errorf("got %s", got)
		}
		time.Sleep(time.Hour)
	})
}

func TestAReaderThatTakesNothingInIsGivenUp(t *testing.T) {
	w := newWorld(t, 3)
	synctest.Test(t, func(t *testing.T) {
		s := w.server(t)
		for life, within := range map[time.Duration]time.Duration{time.Hour: writeWithin, time.Second: time.Second + lateMost} {
			show := Show{Session: "s1", Who: ana}
			st, err := s.Prepare(t.Context(), &show)
			if err != nil {
				t.Fatal(err)
			}
			out := newScreen()
			out.stuck = true
			st.Serve(t.Context(), out, newLease(life))
			if took := time.Since(out.begun); took != within {
				t.Errorf("with a key for %v, given up after %v", life, took)
			}
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestACursorThatGoesBackIsTold(t *testing.T) {
	w := newWorld(t, 3)
	s := w.server(t)
	var back int
	play := func(cursor string) *screen {
		return s.play(t, Show{Ask: Ask{Cursor: cursor}, Back: func() { back++ }}, newLease(time.Minute))
	}
	first := play("")
	cursors := []string{first.events[0].m["cursor"].(string), first.events[1].m["cursor"].(string)}
	play(cursors[0])
	play(cursors[1])
	play(cursors[1])
	if back != 0 {
		t.Errorf("going on was told as going back")
	}
	if got := play(cursors[0]).events[0].m["n"]; back != 1 || got != 1.0 {
		t.Errorf("told %d times, first frame %v", back, got)
	}
	for _, forged := range []string{"c1.0.AAAA", cursors[0] + "A", strings.Replace(cursors[0], "c1.0", "c1.00", 1), "c1", "x"} {
		if _, err := s.Prepare(t.Context(), &Show{Session: "s1", Who: ana, Ask: Ask{Cursor: forged}}); !errors.Is(err, ErrForeignCursor) {
			t.Errorf("%q: %v", forged, err)
		}
	}
}

func TestALiveStreamShowsWhatComes(t *testing.T) {
	w := newWorld(t, 1)
	s := w.server(t)
	l := newLease(time.Hour)
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ask, err := Parse(r)
		if err != nil {
			t.Error(err)
			return
		}
		st, err := s.Prepare(r.Context(), &Show{Ask: ask, Session: "s1", Who: ana})
		if err != nil {
			t.Error(err)
			return
		}
		st.Serve(r.Context(), rw, l)
	}))
	defer web.Close()
	req, _ := http.NewRequest("GET", web.URL+"?speed=max&live=true", nil)
	req.Header.Set("Accept", "text/event-stream")
	res, err := web.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text := ""
	buf := make([]byte, 64<<10)
	until := func(want string) {
		t.Helper()
		for !strings.Contains(text, want) {
			n, err := res.Body.Read(buf)
			text += string(buf[:n])
			if err != nil && !(err == io.EOF && strings.Contains(text, want)) {
				t.Fatalf("%v after %s", err, text)
			}
		}
	}
	until(`"n":0,`)
	for i := 1; i < 4; i++ {
		w.add(i)
		until(fmt.Sprintf(`"n":%d,`, i))
	}
	l.over("revoked")
	until("event: key-revoked\ndata: {\"renew\":\"/renew\",\"cursor\":\"c1.3.")
	if !strings.HasPrefix(text, "id: c1.0.") || !strings.Contains(text, "\nevent: frame\ndata: {\"n\":0,") {
		t.Errorf("got %s", text)
	}
}

func TestWhatIsAskedIsReadStrictly(t *testing.T) {
	get := func(query, accept string) (Ask, error) {
		r := httptest.NewRequest("GET", "/x?"+query, nil)
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		return Parse(r)
	}
	for _, c := range []struct {
		query, accept string
		want          Ask
	}{
		{"", "", Ask{Speed: 1}},
		{"speed=max&live=true", "text/event-stream", Ask{Live: true, SSE: true}},
		{"speed=2.5&from=7", "application/x-ndjson", Ask{Speed: 2.5, FromFrame: 7}},
		{"from=2026-11-21T18:00:00Z", "*/*", Ask{Speed: 1, FromTime: began}},
		{"", "text/event-stream;q=0.5, application/x-ndjson;q=0.4", Ask{Speed: 1, SSE: true}},
		{"", "text/*, */*;q=0.1", Ask{Speed: 1, SSE: true}},
	} {
		if got, err := get(c.query, c.accept); err != nil || got != c.want {
			t.Errorf("%q %q: %+v, %v", c.query, c.accept, got, err)
		}
	}
	for query, accept := range map[string]string{
		"speed=0": "", "speed=-1": "", "speed=NaN": "", "speed=1e9": "", "from=-1": "", "from=yesterday": "",
		"live=perhaps": "", "speed=1&speed=2": "", "key=x": "", "%zz": "", "": "text/html", "live=1": "text/event-stream;q=0",
	} {
		var bad *AskError
		if _, err := get(query, accept); !errors.As(err, &bad) {
			t.Errorf("%q %q: %v", query, accept, err)
		}
	}
}

func TestAStreamEndsWithAllThatTheLogHasWhenItEnds(t *testing.T) {
	w := newWorld(t, 2)
	s := w.server(t)
	if got := len(s.play(t, Show{}, newLease(time.Minute)).events); got != 3 {
		t.Fatalf("%d events", got)
	}
	defer s.Library.Watch()()
	w.add(2)
	for {
		changed := s.Library.Changed()
		if len(s.play(t, Show{}, newLease(time.Minute)).events) == 4 {
			return
		}
		<-changed
	}
}
