package watch

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

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
