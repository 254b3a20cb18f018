package provision

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/replaytest"
)

func TestOneKeyFromTwoClientsIsAnAnomaly(t *testing.T) {
	p := newPlace(t)
	lax, strict := p.authority(), p.authority(func(o *Options) { o.Policy.AutoRevoke = []Anomaly{TwoClients} })
	for range 3 {
		key, _ := p.issue(lax)
		p.check(lax, key, at("192.0.2.1"))
		p.check(lax, key, at("::ffff:192.0.2.1")) // the same, written otherwise
	}
	if len(p.book.of(record.KeyAnomaly)) != 0 {
		t.Error("one client is taken for two")
	}
	key, g := p.issue(lax)
	p.check(lax, key, at("192.0.2.1"))
	p.check(lax, key, at("198.51.100.2"))
	if r := p.book.of(record.KeyAnomaly); len(r) != 1 || r[0].Key.Reason != "two-clients" || r[0].Client.IP != "198.51.100.2" || r[0].Key.ID != g.ID {
		t.Errorf("recorded %+v", r)
	}
	key, _ = p.issue(strict)
	l := p.check(strict, key, at("192.0.2.1"))
	u := begin(t, l)
	p.refusedWith(strict, "Bearer "+key, at("198.51.100.2"), Revoked)
	if ReasonOf(u.Frame()) != Revoked {
		t.Error("the first client goes on")
	}
	if r := p.book.of(record.KeyRevoked); len(r) != 1 || r[0].Key.By != "auto_revoke" || r[0].Key.Reason != "two-clients" {
		t.Errorf("recorded %+v", r)
	}
}

func TestAKeyBoundToAnAddressIsNoOneElses(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	key, g := p.issue(a, func(k *Ask) { k.Client.IP = "2001:DB8::1" })
	if g.Client.String() != "ip:2001:db8::1" {
		t.Errorf("bound to %s", g.Client)
	}
	p.check(a, key, at("2001:db8:0::1"))
	p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), WrongClient)
	if !p.book.has(record.KeyAnomaly, "two-clients") {
		t.Error("no anomaly")
	}
}

func TestAnomaliesAreToldAndRevokeTheKeyWhereThePolicySaysSo(t *testing.T) {
	for _, revokes := range []bool{false, true} {
		newPlace(t).bubbles(func(p *place, t *testing.T, start func(...func(*Options)) *Authority) {
			a := start(func(o *Options) {
				if revokes {
					o.Policy.AutoRevoke = Revocable
				}
			})
			told := func(kind Anomaly) int {
				n := 0
				for _, r := range p.book.reasons(record.KeyAnomaly) {
					if r == string(kind) {
						n++
					}
				}
				return n
			}
			gone := func(l *Lease, kind Anomaly) {
				t.Helper()
				if told(kind) != 1 {
					t.Errorf("%s is told %d times", kind, told(kind))
				}
				if got := ReasonOf(l.use.Err()) == Revoked; got != revokes {
					t.Errorf("%s: revoked %v, want %v", kind, got, revokes)
				}
			}
			key, _ := p.issue(a)
			l := p.check(a, key, at("192.0.2.1"))
			l.Begin(t.Context(), "s_9")
			gone(l, ScopeProbe)

			key, _ = p.issue(a)
			l = p.check(a, key, at("192.0.2.1"))
			begin(t, l)
			l.WentBack(t.Context())
			gone(l, CursorBack)

			key, _ = p.issue(a)
			l = p.check(a, key, at("192.0.2.1"))
			for i := range refusalsMany - 1 {
				p.refusedWith(a, fmt.Sprintf("Bearer x%d", i), at("203.0.113.9"), Malformed)
			}
			if told(RefusalBurst) != 0 {
				t.Error("a burst too early")
			}
			a.refused(t.Context(), &Refusal{Reason: WrongProof, Grant: l.Grant()}, "", &Client{IP: "203.0.113.9"})
			gone(l, RefusalBurst)

			key, _ = p.issue(a, func(k *Ask) { k.Lifetime = time.Second })
			time.Sleep(2 * time.Second)
			p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), Expired)
			if told(AfterExpiry) != 0 {
				t.Error("a request that was under way is an anomaly")
			}
			time.Sleep(10 * time.Second)
			for range 3 {
				p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), Expired)
			}
			if told(AfterExpiry) != 1 {
				t.Errorf("its use after its end is told %d times", told(AfterExpiry))
			}
			refused := 0
			for range 2 * issuesMost {
				if _, _, err := a.Issue(t.Context(), anAsk(func(k *Ask) { k.Identity.Subject = "eve" })); ReasonOf(err) == Busy {
					refused++
				}
			}
			if told(IssueBurst) != 1 || refused != issuesMost {
				t.Errorf("a burst of issues is told %d times, and %d were refused", told(IssueBurst), refused)
			}
			p.issue(a) // somebody else's
			time.Sleep(burstWindow)
			p.issue(a, func(k *Ask) { k.Identity.Subject = "eve" })
			p.mu.Lock()
			defer p.mu.Unlock()
			for _, kind := range []Anomaly{ScopeProbe, CursorBack, RefusalBurst, AfterExpiry, IssueBurst} {
				if !slices.ContainsFunc(p.events, func(e Event) bool { return e.Type == record.KeyAnomaly && e.Reason == string(kind) }) {
					t.Errorf("nobody is told of %s", kind)
				}
			}
		})
	}
}

func TestFramesAreBoundedForAllLeasesTogether(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	key, _ := p.issue(a, func(k *Ask) { k.MaxFrames = 5 })
	one, two := p.check(a, key, at("192.0.2.1")), p.check(a, key, at("192.0.2.1"))
	var uses []*Use
	for _, l := range []*Lease{one, two} {
		u, err := l.Begin(t.Context(), "s_1")
		if err != nil {
			t.Fatal(err)
		}
		uses = append(uses, u)
	}
	for i := range 5 {
		if err := uses[i%2].Frame(); err != nil {
			t.Error(err)
		}
	}
	for _, l := range []*Lease{one, two, one} {
		err := l.use.Frame()
		if l.Tell(err); ReasonOf(err) != FramesSpent {
			t.Error("a sixth frame")
		}
	}
	a.background.Wait()
	if n := len(p.book.of(record.KeyRefused)); n != 1 {
		t.Errorf("recorded %d times", n)
	}
	used := len(p.book.of(record.KeyUsed))
	if _, err := p.check(a, key, at("192.0.2.1")).Begin(t.Context(), "s_1"); ReasonOf(err) != FramesSpent {
		t.Errorf("a stream begins with %v where no frame is left", err)
	}
	if n := len(p.book.of(record.KeyUsed)); n != used {
		t.Errorf("%d uses more are on record, of nothing", n-used)
	}
	// Another gateway, or this one after a restart, has not counted.
	p.refusedWith(p.authority(), "Bearer "+key, at("192.0.2.1"), FramesLost)
}

func TestAMisplacedKeyIsRefusedAndNotRecorded(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	if why := a.RefuseMisplaced(t.Context(), at("192.0.2.1")); why.Reason != Misplaced || !p.book.has(record.KeyRefused, "misplaced") {
		t.Error(why)
	}
}

func TestWhatIsAskedForMustBeAsItIs(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	long := make([]string, MaxSessions+1)
	for i := range long {
		long[i] = fmt.Sprint("s", i)
	}
	for name, change := range map[string]func(*Ask){
		"no session":                     func(k *Ask) { k.Scope.Sessions = nil },
		"a session's id":                 func(k *Ask) { k.Scope.Sessions = []string{"../x"} },
		"too many":                       func(k *Ask) { k.Scope.Sessions = long },
		"no purpose":                     func(k *Ask) { k.Purpose = "" },
		"bytes as a purpose":             func(k *Ask) { k.Purpose = "\xff" },
		"too long":                       func(k *Ask) { k.Lifetime = time.Hour + 1 },
		"a negative life":                func(k *Ask) { k.Lifetime = -1 },
		"nobody":                         func(k *Ask) { k.Identity.Subject = "" },
		"two clients":                    func(k *Ask) { k.Client = Binding{IP: "192.0.2.1", Thumbprint: replaytest.NewProofKey(t).Thumbprint(t)} },
		"no address":                     func(k *Ask) { k.Client.IP = "here" },
		"a thumbprint":                   func(k *Ask) { k.Client.Thumbprint = "x" },
		"negative frames":                func(k *Ask) { k.MaxFrames = -1 },
		"a range that ends before 1970":  func(k *Ask) { k.Scope.Until = time.Unix(0, 999_999) },
		"a range no record can have":     func(k *Ask) { k.Scope.Until = time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -60)) },
		"a beginning no record can have": func(k *Ask) { k.Scope.From = time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -60)) },
		"a range that is not":            func(k *Ask) { k.Scope.From, k.Scope.Until = time.Unix(2, 0), time.Unix(1, 0) },
	} {
		if key, _, err := a.Issue(t.Context(), anAsk(change)); ReasonOf(err) != Invalid || key != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(p.book.of(record.KeyIssued)) != 0 {
		t.Error("something is on record")
	}
	if _, g := p.issue(a, func(k *Ask) { k.Client.IP = "fe80::1%crk1.0a0b0c0d0e0f0102.eyJ" }); g.Client.IP != "fe80::1" {
		t.Errorf("bound to %s", g.Client)
	}
	_, g := p.issue(a, func(k *Ask) { k.Scope.Sessions = []string{"b", "a", "b"}; k.Scope.From = time.Unix(100, 5) })
	if len(g.Scope.Sessions) != 2 || !g.Scope.Covers("a") || g.Scope.Covers("c") || g.Scope.In(time.Unix(99, 0)) || !g.Scope.In(time.Unix(101, 0)) {
		t.Errorf("the scope is %+v", g.Scope)
	}
}

func TestAPolicyIsChecked(t *testing.T) {
	for _, c := range []Policy{{TTL: time.Hour, MaxTTL: time.Minute}, {MaxTTL: 25 * time.Hour}, {TTL: time.Millisecond}, {AutoRevoke: []Anomaly{AfterExpiry}}, {AutoRevoke: []Anomaly{"x"}}} {
		if _, err := c.Complete(); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if p, err := (Policy{MaxTTL: time.Minute}).Complete(); err != nil || p.TTL != time.Minute {
		t.Errorf("%+v %v", p, err)
	}
}

func TestClosingEndsWhatIsShown(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	key, _ := p.issue(a)
	l := p.check(a, key, at("192.0.2.1"))
	u := begin(t, l)
	a.Close()
	if !isClosed(u.Done()) || ReasonOf(u.Frame()) != Ended {
		t.Errorf("it goes on: %v", u.Err())
	}
	p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), Ended)
	if key, _, err := a.Issue(t.Context(), anAsk()); ReasonOf(err) != Ended || key != "" {
		t.Errorf("a key is issued: %v", err)
	}
}
