package chain_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// stream is a session that is being watched.
type stream struct {
	*bufio.Scanner
	*http.Response
}

// watch asks for a session's frames with a key.
func (r *rig) watch(key, session, query string) stream {
	r.Helper()
	req, err := http.NewRequest("GET", r.url+"/.caddyrec/replay/sessions/"+session+"/frames?"+query, nil)
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { resp.Body.Close() })
	return stream{bufio.NewScanner(resp.Body), resp}
}

// until reads up to an event, and says how many frames came before it.
func (s stream) until(t *testing.T, event string) (frames int) {
	t.Helper()
	for s.Scan() {
		var line struct{ Kind, Event string }
		if len(s.Bytes()) == 0 {
			continue
		}
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", s.Bytes(), err)
		}
		switch {
		case line.Event == event:
			return frames
		case line.Kind != "":
			frames++
		case line.Event != "key-expiring":
			t.Fatalf("there comes %s, not %s", s.Bytes(), event)
		}
	}
	t.Fatalf("it ends without %s: %v", event, s.Err())
	return 0
}

// watched is a rig with a session of ana's that has an exchange.
func watched(t *testing.T) (r *rig, session string) {
	t.Helper()
	r = start(t, replayChain)
	r.ready()
	if a := r.do("GET", "/orders/1", "", r.as("ana", "eng")...); a.StatusCode != 200 {
		t.Fatal(a.text)
	}
	return r, r.records(func(rec *record.Record) bool { return rec.Session != nil && rec.Identity.Subject == "ana" })[0].Session.ID
}

func TestAKeyShowsItsSessionAndItsUseIsOnRecordBefore(t *testing.T) {
	r, session := watched(t)
	k := r.issue(`{"sessions":["`+session+`"],"purpose":"x"}`, r.as("ben", "sec")...)
	if n := r.watch(k.Key, session, "speed=max").until(t, "end"); n < 2 {
		t.Errorf("%d frames", n)
	}
	if used := r.one(record.KeyUsed); used.Key.Session != session || used.Identity.Subject != "ben" {
		t.Errorf("recorded %+v", used.Key)
	}
	if s := r.watch(k.Key, "s_other", "speed=max"); s.StatusCode != 403 {
		t.Errorf("another session: %d", s.StatusCode)
	}
	if a := r.one(record.KeyAnomaly); a.Key.Reason != "out-of-scope" || a.Key.Session != "s_other" || a.Key.ID != k.ID {
		t.Errorf("recorded %+v", a.Key)
	}
	if n := len(r.upstream.requests()); n != 1 {
		t.Errorf("the upstream got %d requests", n)
	}
}

func TestWhatIsShownEndsWithItsKey(t *testing.T) {
	r, session := watched(t)
	sec := r.as("ben", "sec")
	k := r.issue(`{"sessions":["`+session+`"],"purpose":"x"}`, sec...)
	live := r.watch(k.Key, session, "speed=max&live=true")
	if a := r.do("DELETE", keysAddress+"/"+k.ID, "", sec...); a.StatusCode != 204 {
		t.Fatal(a.text)
	}
	begun := time.Now()
	live.until(t, "key-revoked")
	if d := time.Since(begun); d > 2*time.Second {
		t.Errorf("it went on for %v after its key was revoked", d)
	}
	k = r.issue(`{"sessions":["`+session+`"],"purpose":"x","lifetime":"1s"}`, sec...)
	r.watch(k.Key, session, "speed=max&live=true").until(t, "key-expired")
	if late := time.Since(k.Expires); late < 0 || late > time.Second {
		t.Errorf("it ended %v after its key", late)
	}
	k = r.issue(`{"sessions":["`+session+`"],"purpose":"x","max_frames":1}`, sec...)
	if n := r.watch(k.Key, session, "speed=max").until(t, "key-frames-spent"); n != 1 {
		t.Errorf("%d frames", n)
	}
	// What tells of the end is recorded beside what was shown.
	stopCaddy(t)
	for _, typ := range []record.Type{record.KeyExpiring, record.KeyExpired, record.KeyRevoked} {
		r.one(typ)
	}
	if spent := r.records(ofType(record.KeyRefused)); len(spent) != 1 || spent[0].Key.Reason != "frames-spent" {
		t.Errorf("recorded %+v", spent)
	}
}

func TestAReloadKeepsWhatAKeyWasRevokedFor(t *testing.T) {
	r, session := watched(t)
	sec := r.as("ben", "sec")
	k := r.issue(`{"sessions":["`+session+`"],"purpose":"x"}`, sec...)
	r.watch(k.Key, session, "speed=max").until(t, "end")
	if a := r.do("DELETE", keysAddress+"/"+k.ID, "", sec...); a.StatusCode != 204 {
		t.Fatal(a.text)
	}
	r.load(strings.Replace(replayChain, "max_ttl 30m", "max_ttl 29m", 1))
	if s := r.watch(k.Key, session, "speed=max"); s.StatusCode != 401 {
		t.Errorf("after a reload: %d", s.StatusCode)
	}
	stopCaddy(t)
	r.load(replayChain)
	if s := r.watch(k.Key, session, "speed=max"); s.StatusCode != 401 {
		t.Errorf("after a restart: %d", s.StatusCode)
	}
}
