package provision

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

func TestAKeyShowsWhatItIsForAndNothingElse(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	key, g := p.issue(a)
	l := p.check(a, key, at("192.0.2.1"))
	if got := l.Grant(); got.ID != g.ID || got.Subject != "ana" || got.Issuer != "https://id.example" || got.Purpose != "incident 7" || !got.Expires.Equal(g.Expires) || g.Expires.Sub(g.Issued) != 10*time.Minute {
		t.Errorf("the grant is %+v", got)
	}
	if u, err := l.Begin(t.Context(), "s_3"); ReasonOf(err) != OutOfScope || u != nil {
		t.Errorf("another session: %v", err)
	}
	u, err := l.Begin(t.Context(), "s_1")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := u.Frame(); err != nil {
			t.Error(err)
		}
	}
	if used := p.book.of(record.KeyUsed); len(used) != 1 || used[0].Key.Session != "s_1" || used[0].Identity.Subject != "ana" || used[0].Key.ID != g.ID {
		t.Errorf("recorded %+v", used)
	}
	if !p.book.has(record.KeyRefused, "out-of-scope") || !p.book.has(record.KeyAnomaly, "out-of-scope") {
		t.Error("nothing tells of the other session")
	}
}

func TestNoFrameIsShownAfterTheEnd(t *testing.T) {
	p := newPlace(t)
	synctest.Test(t, func(t *testing.T) {
		a := p.authority()
		defer a.Close()
		key, g := p.issue(a, func(k *Ask) { k.Lifetime = 10 * time.Second })
		l, err := a.Check(t.Context(), "Bearer "+key, at("192.0.2.1"))
		if err != nil {
			t.Fatal(err)
		}
		u, err := l.Begin(t.Context(), "s_1")
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		<-u.Expiring()
		if d := time.Since(begin); d < 7900*time.Millisecond || d > 8100*time.Millisecond {
			t.Errorf("expiring after %v", d)
		}
		if u.Frame() != nil || u.Err() != nil {
			t.Error("it is over before its end")
		}
		<-u.Done()
		if time.Now().Before(g.Expires) || time.Since(g.Expires) > 10*time.Millisecond || ReasonOf(u.Err()) != Expired || ReasonOf(u.Frame()) != Expired {
			t.Errorf("ended %v after its end, with %v", time.Since(g.Expires), u.Err())
		}
		synctest.Wait()
		if len(p.book.of(record.KeyExpiring)) != 1 || len(p.book.of(record.KeyExpired)) != 1 || p.book.of(record.KeyExpired)[0].Key.Frames != 1 {
			t.Error("its end is not on record")
		}
		if _, err := a.Check(t.Context(), "Bearer "+key, at("192.0.2.1")); ReasonOf(err) != Expired {
			t.Errorf("used after its end: %v", err)
		}
	})
}

func TestTheKeyIsNowhere(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	key, g := p.issue(a)
	l := p.check(a, key, at("192.0.2.1"))
	l.Begin(t.Context(), "s_1")
	l.Begin(t.Context(), key)
	if err := a.Revoke(t.Context(), Revocation{ID: g.ID, By: "ops", Why: "done"}); err != nil {
		t.Fatal(err)
	}
	p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), Revoked)
	p.refusedWith(a, "Bearer "+key[:len(key)-1]+"!", at("192.0.2.1"), Malformed)
	a.RefuseMisplaced(t.Context(), at("192.0.2.1"))
	parts := strings.Split(key, ".")
	for _, part := range parts[2:] {
		if strings.Contains(p.book.text(t), part) {
			t.Error("a part of the key is on record")
		}
		for name, err := range p.store.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			if text := p.read(name); strings.Contains(text, part) || strings.Contains(text, "rnd") {
				t.Errorf("a part of the key is in %s", name)
			}
		}
	}
}

func TestAVerifiedKeyIsNotVerifiedAgainForAMinute(t *testing.T) {
	newPlace(t).bubbles(func(p *place, t *testing.T, start func(...func(*Options)) *Authority) {
		a := start()
		key, _ := p.issue(a)
		p.check(a, key, at("192.0.2.1"))
		a.keys.mu.Lock()
		a.keys.secret = []byte("another") // so that nothing verifies any more
		a.keys.made = map[int64]*signer{}
		a.keys.mu.Unlock()
		time.Sleep(remember - time.Second)
		p.check(a, key, at("192.0.2.1"))
		time.Sleep(2 * time.Second)
		p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), UnknownKey)
	})
}
