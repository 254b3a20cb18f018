package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/e2e/gateway"
	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

// replaying is the whole chain with session_replay before it.
var replaying = strings.Replace(chain, "	json_schema_guard {", "	session_replay {\n		issue_to groups security\n		{$REPLAY}\n	}\n	json_schema_guard {", 1)

// watched is a gateway with a session of ana's in it: two orders, one of which
// ben approved, and a refused one.
func watched(t *testing.T) (w *world, session string) {
	w = newWorld(t, issuer(t))
	w.start(strings.ReplaceAll(replaying, "{$REPLAY}", ""))
	ana, ben := w.login("ana"), w.login("ben")
	w.want(w.post("/orders", ana, `{"item":"boot","amount":2,"shoe":"size 43 secret"}`), http.StatusOK, "")
	held := w.async(w.request(http.MethodPost, "/orders", ana, order("castle", 5000)))
	w.want(w.vote(w.pending(ben), ben, "approve", "ticket 4711"), http.StatusOK, "")
	if a := <-held; a.Status != http.StatusOK {
		t.Fatalf("the approved order: %+v", a)
	}
	w.want(w.post("/orders", ana, `{"item":5}`), http.StatusUnprocessableEntity, "schema-invalid")
	for _, line := range w.recorded(record.ExchangeType) {
		if line.Session != nil && line.Identity.Subject == "ana" {
			session = line.Session.ID
		}
	}
	return w, session
}

// issueKey has ben get a key for a session.
func (w *world) issueKey(session string, ttl time.Duration) string {
	w.t.Helper()
	a := w.post("/.caddyrec/replay/keys", w.login("ben"), fmt.Sprintf(`{"sessions":[%q],"purpose":"incident 7","lifetime":%q}`, session, ttl))
	var told struct{ Key string }
	if err := json.Unmarshal([]byte(a.Body), &told); err != nil || told.Key == "" {
		w.t.Fatalf("the key: %d %s", a.Status, a.Body)
	}
	return told.Key
}

// show is a stream of frames.
type show struct {
	answer
	lines *bufio.Reader
}

// seen is a frame, or what is told beside frames.
type seen struct {
	N      int
	Seq    uint64
	Kind   string
	Proof  string
	Of     *int
	Cursor string
	Record *record.Record
	Event  string
	Renew  string
	at     time.Time
}

func (w *world) watch(session, key, query string, headers ...string) *show {
	w.t.Helper()
	req := w.request(http.MethodGet, "/.caddyrec/replay/sessions/"+session+"/frames?"+query, key, "", headers...)
	res, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { res.Body.Close() })
	s := &show{answer: answer{Status: res.StatusCode, Header: res.Header}, lines: bufio.NewReader(res.Body)}
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		s.Body = string(text)
	}
	return s
}

// next is what comes next; false: the stream is over.
func (s *show) next(t *testing.T) (f seen, ok bool) {
	t.Helper()
	for {
		line, err := s.lines.ReadBytes('\n')
		if err != nil {
			return f, false
		}
		if len(line) == 1 {
			continue
		}
		if err := json.Unmarshal(line, &f); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		f.at = time.Now()
		return f, true
	}
}

func (s *show) rest(t *testing.T) (all []seen) {
	for {
		f, ok := s.next(t)
		if !ok {
			return all
		}
		all = append(all, f)
	}
}

func names(all []seen) (names []string) {
	for _, f := range all {
		if f.Event != "" {
			names = append(names, f.Event)
		} else {
			names = append(names, f.Kind)
		}
	}
	return names
}

func TestASessionIsWatchedWithAKeyAndWithNothingElse(t *testing.T) {
	w, session := watched(t)
	key := w.issueKey(session, time.Minute)
	all := w.watch(session, key, "speed=max").rest(t)
	want := []string{"session", "request", "exchange", "request", "approval", "approval", "approval", "approval", "exchange", "refusal", "end"}
	if got := names(all); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i, f := range all[:len(all)-1] {
		if f.N != i || f.Proof == "damaged" || f.Record == nil || f.Record.Seq != f.Seq {
			t.Errorf("frame %+v", f)
		}
	}
	if body := *all[1].Record.Request.Body.Content; !strings.Contains(body, "[masked") || strings.Contains(body, "secret") {
		t.Errorf("the request's body is %s", body)
	}
	if all[4].Of == nil || *all[4].Of != 3 || *all[8].Of != 3 {
		t.Errorf("the approved exchange is not told to be one: %+v %+v", all[4], all[8])
	}
	used := w.last("key.used")
	if used.Key == nil || used.Key.Subject.Subject != "ben" {
		t.Errorf("the use: %+v", used)
	}
	for name, a := range map[string]answer{
		"without a key":      w.watch(session, "", "").answer,
		"with a person's":    w.watch(session, w.login("ben"), "").answer,
		"of another session": w.watch("s_other", key, "").answer,
		"with a bad query":   w.watch(session, key, "speed=fast").answer,
		"of a bad cursor":    w.watch(session, key, "", "Last-Event-ID", "c1.3.AAAA").answer,
		"as HTML":            w.watch(session, key, "", "Accept", "text/html").answer,
		"in the address":     w.watch(session, "", "key="+key).answer,
	} {
		if a.Status < 400 || a.reason() == "" || strings.Contains(a.Body, "crk1.") {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

func TestAKeyThatExpiresMidStreamIsFollowedByAnother(t *testing.T) {
	w, session := watched(t)
	key := w.issueKey(session, 3*time.Second)
	begun := time.Now()
	all := w.watch(session, key, "speed=max&live=true").rest(t)
	n := len(all)
	if got := names(all); n < 3 || got[n-2] != "key-expiring" || got[n-1] != "key-expired" {
		t.Fatalf("got %v", got)
	}
	// Issued a moment before begun; the record's clock and ours are one.
	if took := all[n-1].at.Sub(begun); took > 3*time.Second+100*time.Millisecond || all[n-1].Renew != "/.caddyrec/replay/keys" {
		t.Errorf("told after %v: %+v", took, all[n-1])
	}
	w.want(w.watch(session, key, "").answer, http.StatusUnauthorized, "key-expired")
	w.want(w.post("/orders", w.login("ana"), order("sock", 1)), http.StatusOK, "")
	cursor := all[n-1].Cursor
	again := w.watch(session, w.issueKey(session, time.Minute), "speed=max", "Last-Event-ID", cursor).rest(t)
	for _, f := range again {
		if f.Event == "" && f.Seq <= all[n-3].Seq {
			t.Errorf("frame %d came again", f.N)
		}
	}
	// One that was given before: somebody has gone back.
	w.watch(session, w.issueKey(session, time.Minute), "speed=max", "Last-Event-ID", all[0].Cursor).rest(t)
	wait.Until(t, "the anomaly is on record", func() bool {
		return slices.ContainsFunc(w.recorded("key.anomaly"), func(l gateway.Line) bool { return l.Key.Reason == "cursor-back" })
	})
}

func TestALiveStreamEndsWithItsKeyAndGoesOnOverAReload(t *testing.T) {
	w, session := watched(t)
	key := w.issueKey(session, time.Minute)
	s := w.watch(session, key, "speed=max&live=true")
	var last seen
	until := func(what string, is func(seen) bool) {
		t.Helper()
		for {
			f, ok := s.next(t)
			if !ok {
				t.Fatalf("the stream ended before %s; last was %+v", what, last)
			}
			if last = f; is(f) {
				return
			}
		}
	}
	until("the refusal", func(f seen) bool { return f.Kind == "refusal" })
	if err := w.Reload(t.Context(), w.caddyfile(strings.ReplaceAll(replaying, "{$REPLAY}", "ttl 5m"))); err != nil {
		t.Fatal(err)
	}
	until("the reload", func(f seen) bool { return f.Event == "reconnect" })
	if rest := s.rest(t); len(rest) > 0 {
		t.Errorf("after the reload came %v", names(rest))
	}
	s = w.watch(session, key, "speed=max&live=true", "Last-Event-ID", last.Cursor)
	w.want(w.post("/orders", w.login("ana"), order("sock", 1)), http.StatusOK, "")
	// A login is a session of its own: ana's first one is watched.
	var about struct{ ID string }
	if err := json.Unmarshal([]byte(w.get("/.caddyrec/replay/key", key).Body), &about); err != nil {
		t.Fatal(err)
	}
	req := w.request(http.MethodDelete, "/.caddyrec/replay/keys/"+about.ID, w.login("ben"), "")
	if a := w.do(req); a.Status >= 300 {
		t.Fatalf("revoking: %d %s", a.Status, a.Body)
	}
	until("the revocation", func(f seen) bool { return f.Event == "key-revoked" })
}
