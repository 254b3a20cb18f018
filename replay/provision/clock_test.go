package provision

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

func TestSettingTheClockOpensNothing(t *testing.T) {
	newPlace(t).bubbles(func(p *place, t *testing.T, start func(...func(*Options)) *Authority) {
		var off atomic.Int64 // how far the wall clock is off
		wall := func(o *Options) { o.Now = func() time.Time { return time.Now().Add(time.Duration(off.Load())) } }
		a := start(wall)
		key, _ := p.issue(a, func(k *Ask) { k.Lifetime = time.Minute })
		l := p.check(a, key, at("192.0.2.1"))
		u := begin(t, l)
		off.Store(int64(-time.Hour))
		time.Sleep(59 * time.Second)
		if err := u.Frame(); err != nil {
			t.Errorf("set back, it ended early: %v", err)
		}
		time.Sleep(2 * time.Second)
		if ReasonOf(u.Frame()) != Expired || ReasonOf(u.Err()) != Expired {
			t.Error("set back, it goes on")
		}
		p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), Expired)

		off.Store(0)
		key, _ = p.issue(a, func(k *Ask) { k.Lifetime = time.Minute })
		l = p.check(a, key, at("192.0.2.1"))
		u = begin(t, l)
		off.Store(int64(2 * time.Minute)) // as after a sleep of the machine
		if ReasonOf(u.Frame()) != Expired || !isClosed(u.Done()) {
			t.Error("set ahead, it goes on")
		}
		p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), Expired)
		off.Store(0)
		p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), Expired)
		// What has ended is forgotten in its time, and not before.
		time.Sleep(61 * time.Second)
		if a.anyInUse() {
			t.Error("it is kept in mind for ever")
		}
	})
}

func TestClocksOfGatewaysMayBeALittleApart(t *testing.T) {
	p := newPlace(t)
	ahead := func(d time.Duration) *Authority {
		return p.authority(func(o *Options) { o.Now = func() time.Time { return time.Now().Add(d) } })
	}
	a := p.authority()
	soon, _ := p.issue(ahead(skew - time.Second))
	p.check(a, soon, at("192.0.2.1"))
	late, _ := p.issue(ahead(time.Hour))
	p.refusedWith(a, "Bearer "+late, at("192.0.2.1"), NotYetValid)
}

func TestSigningKeysRotateAndTheirKeysLiveOn(t *testing.T) {
	p := newPlace(t)
	midnight := time.Now().UTC().Truncate(period).Add(period)
	var now atomic.Int64
	now.Store(midnight.Add(-5 * time.Minute).UnixNano())
	wall := func(o *Options) { o.Now = func() time.Time { return time.Unix(0, now.Load()) } }
	a := p.authority(wall)
	before, g := p.issue(a, func(k *Ask) { k.Lifetime = time.Hour })
	now.Store(midnight.Add(time.Minute).UnixNano())
	after, h := p.issue(a)
	if g.Kid == h.Kid {
		t.Error("the signing key did not change")
	}
	p.check(a, before, at("192.0.2.1"))
	p.check(a, after, at("192.0.2.1"))
	if other := p.authority(wall); true {
		p.check(other, before, at("192.0.2.1"))
	}
	// What would still be good by what it says, were its signing key in force.
	k := a.keys.at(periodOf(g.Issued))
	long := *g
	long.Expires = g.Issued.Add(MaxLifetime)
	text, err := mint(&long, k)
	if err != nil {
		t.Fatal(err)
	}
	now.Store(midnight.Add(time.Hour + skew + time.Second).UnixNano())
	p.refusedWith(a, "Bearer "+text, at("192.0.2.1"), RetiredKey)
	p.refusedWith(a, "Bearer "+before, at("192.0.2.1"), RetiredKey)
	if !p.book.has(record.KeyRefused, "retired-key") {
		t.Error("that it was retired is not on record")
	}
}
