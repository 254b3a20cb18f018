package provision

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

// bubbles runs a test at the place on a clock of its own. The authorities that
// it starts run.
func (p *place) bubbles(test func(p *place, t *testing.T, start func(...func(*Options)) *Authority)) {
	p.t.Helper()
	store := p.store
	synctest.Test(p.t, func(t *testing.T) {
		p := &place{t: t, store: store, book: &book{}, wall: time.Now}
		ctx, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		test(p, t, func(change ...func(*Options)) *Authority {
			a := p.authority(change...)
			go a.Run(ctx)
			return a
		})
	})
}

func begin(t *testing.T, l *Lease) *Use {
	t.Helper()
	u, err := l.Begin(t.Context(), "s_1")
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Frame(); err != nil {
		t.Fatal(err)
	}
	return u
}

func TestARevocationWorksHereAtOnceAndElsewhereWithinSeconds(t *testing.T) {
	newPlace(t).bubbles(func(p *place, t *testing.T, start func(...func(*Options)) *Authority) {
		here, there := start(), start()
		key, g := p.issue(here)
		a, b := begin(t, p.check(here, key, at("192.0.2.1"))), begin(t, p.check(there, key, at("192.0.2.1")))
		if err := here.Revoke(t.Context(), Revocation{ID: g.ID, Identity: &record.Identity{Issuer: "i", Subject: "ben"}, Why: "leaked"}); err != nil {
			t.Fatal(err)
		}
		if !isClosed(a.Done()) || ReasonOf(a.Err()) != Revoked || ReasonOf(a.Frame()) != Revoked {
			t.Errorf("here: %v", a.Err())
		}
		p.refusedWith(here, "Bearer "+key, at("192.0.2.1"), Revoked)
		begun := time.Now()
		<-b.Done()
		if d := time.Since(begun); d > 3*time.Second || ReasonOf(b.Frame()) != Revoked {
			t.Errorf("elsewhere after %v: %v", d, b.Err())
		}
		p.refusedWith(there, "Bearer "+key, at("192.0.2.1"), Revoked)
		// One that starts afterwards knows it, too.
		p.refusedWith(start(), "Bearer "+key, at("192.0.2.1"), Revoked)
		told := p.book.of(record.KeyRevoked)
		if len(told) != 1 || told[0].Key.Reason != "leaked" || told[0].Identity.Subject != "ben" || told[0].Key.Frames != 1 || told[0].Key.Subject.Subject != "ana" {
			t.Errorf("recorded %+v", told)
		}
		if _, state, err := there.Get(t.Context(), g.ID); err != nil || state != Removed {
			t.Errorf("its state is %s, %v", state, err)
		}
		if err := here.Revoke(t.Context(), Revocation{ID: g.ID, By: "ops", Why: "again"}); err != nil || len(p.book.of(record.KeyRevoked)) != 1 {
			t.Errorf("again: %v", err)
		}
		if err := here.Revoke(t.Context(), Revocation{ID: record.NewID()}); ReasonOf(err) != NotFound {
			t.Errorf("one that is not there: %v", err)
		}
		if err := here.Revoke(t.Context(), Revocation{ID: "../../x"}); ReasonOf(err) != NotFound {
			t.Errorf("a path: %v", err)
		}
	})
}

func TestARevocationThatWasNotRecordedIsWhenItIsRepeated(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	key, g := p.issue(a)
	p.book.setFail(errAway)
	if err := a.Revoke(t.Context(), Revocation{ID: g.ID, By: "ops", Why: "leaked"}); err == nil {
		t.Error("nothing is said of the record")
	}
	p.book.setFail(nil)
	p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), Revoked)
	// By another gateway, after a crash of this one.
	if err := p.authority().Revoke(t.Context(), Revocation{ID: g.ID, By: "somebody", Why: "else"}); err != nil {
		t.Fatal(err)
	}
	if told := p.book.of(record.KeyRevoked); len(told) != 1 || told[0].Key.By != "ops" || told[0].Key.Reason != "leaked" {
		t.Errorf("recorded %+v", told)
	}
}

func TestAKeyThatMayHaveBeenRevokedIsNone(t *testing.T) {
	newPlace(t).bubbles(func(p *place, t *testing.T, start func(...func(*Options)) *Authority) {
		store := &faulty{Store: p.store}
		a := start(func(o *Options) { o.Store = store })
		key, _ := p.issue(a)
		l := p.check(a, key, at("192.0.2.1"))
		u := begin(t, l)
		store.set(errAway, nil)
		time.Sleep(10 * time.Second)
		if err := u.Frame(); err != nil {
			t.Errorf("after 10 s what runs is over: %v", err)
		}
		p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), Unsure)
		time.Sleep(25 * time.Second)
		err := u.Frame()
		if l.Tell(err); ReasonOf(err) != Unsure {
			t.Errorf("after 35 s: %v", err)
		}
		store.set(nil, nil)
		time.Sleep(3 * time.Second)
		if err := u.Frame(); err != nil {
			t.Errorf("with the store back: %v", err)
		}
		p.check(a, key, at("192.0.2.1"))
	})
}

func TestAKeyIsNotShownBeforeItIsOnRecord(t *testing.T) {
	p := newPlace(t)
	store := &faulty{Store: p.store}
	a := p.authority(func(o *Options) { o.Store = store })
	p.book.setFail(errAway)
	if key, _, err := a.Issue(t.Context(), anAsk()); err == nil || key != "" {
		t.Error("without a record")
	}
	p.book.setFail(nil)
	store.set(nil, failsAt("/keys/"))
	if key, _, err := a.Issue(t.Context(), anAsk()); err == nil || key != "" {
		t.Error("without its object it could not be revoked")
	}
	store.set(nil, nil)
	key, g := p.issue(a)
	if r := p.book.of(record.KeyIssued); len(r) != 2 || r[1].Key.ID != g.ID || r[1].Key.Kid != g.Kid || len(r[1].Key.Sessions) != 2 || r[1].Key.Purpose != "incident 7" || r[1].Identity.Subject != "ana" {
		t.Errorf("recorded %+v", r)
	}
	l := p.check(a, key, at("192.0.2.1"))
	p.book.setFail(errAway)
	if u, err := l.Begin(t.Context(), "s_1"); err == nil || u != nil {
		t.Error("shown without a record of the use")
	}
	p.book.setFail(nil)
	begin(t, l)
}

func TestAnAutoRevocationWorksThoughTheStoreAndTheLedgerAreAway(t *testing.T) {
	newPlace(t).bubbles(autoRevokesAlone)
}

func autoRevokesAlone(p *place, t *testing.T, start func(...func(*Options)) *Authority) {
	store := &faulty{Store: p.store}
	a, there := start(func(o *Options) { o.Store, o.Policy.AutoRevoke = store, []Anomaly{CursorBack} }), start()
	key, _ := p.issue(a)
	l := p.check(a, key, at("192.0.2.1"))
	u := begin(t, l)
	p.book.setFail(errAway)
	store.set(nil, func(string) error { return errAway })
	l.WentBack(t.Context())
	if ReasonOf(u.Frame()) != Revoked {
		t.Error("it goes on")
	}
	p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), Revoked)
	p.check(there, key, at("192.0.2.1"))
	time.Sleep(time.Minute)
	p.book.setFail(nil)
	store.set(nil, nil)
	time.Sleep(5 * time.Second)
	p.refusedWith(there, "Bearer "+key, at("192.0.2.1"), Revoked)
	if r := p.book.of(record.KeyRevoked); len(r) != 1 || r[0].Key.By != "auto_revoke" {
		t.Errorf("recorded %+v", r)
	}
}

var _ storage.Store = (*faulty)(nil)

// A revocation may come when a key was found not to be revoked, and is not in use
// yet.
func TestAKeyThatIsRevokedWhileItIsCheckedIsNotUsed(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	_, g := p.issue(a)
	if err := a.Revoke(t.Context(), Revocation{ID: g.ID, By: "op", Why: "lost"}); err != nil {
		t.Fatal(err)
	}
	u, refusal := a.use(g, false)
	if refusal == nil {
		_, refusal = u.lease(at("192.0.2.1"))
	}
	if refusal == nil || refusal.Reason != Revoked {
		t.Errorf("got %v", refusal)
	}
}
