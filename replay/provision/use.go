package provision

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// Use is a key that is, or was, in use at this gateway, until it expires. All
// its leases share it: asking it before a frame touches nothing that is one
// stream's own, which of thousands of streams would be in no processor's cache.
// Its methods may be called at once by any number of goroutines.
type Use struct {
	authority *Authority
	grant     *Grant

	expiring, done chan struct{}
	ended          atomic.Pointer[Reason]

	mu     sync.Mutex
	client string // the first address it came from
	leases int
	begun  bool            // something was shown
	warned bool            // key.expiring is, or is being, recorded
	told   map[Reason]bool // why no more frames are shown, as far as that is on record
	timers [2]*time.Timer

	// What each frame of any lease changes is not beside what each reads.
	frames atomic.Int64
}

// use finds the use of a key, or begins one. A key whose frames are bounded is
// begun where it is issued, and nowhere else.
func (a *Authority) use(g *Grant, issuing bool) (*Use, *Refusal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := a.inUse[g.ID]; u != nil {
		return u, nil
	}
	switch {
	case a.closed:
		return nil, &Refusal{Reason: Ended, Grant: g}
	case g.MaxFrames > 0 && !issuing:
		return nil, &Refusal{Reason: FramesLost, Grant: g, Detail: "frames are counted where the key was issued: ask there for another"}
	case a.revoked.has(g.ID): // since it was looked up; who revokes it from now on finds it in use
		return nil, &Refusal{Reason: Revoked, Grant: g}
	case len(a.inUse) >= maxInUse:
		return nil, &Refusal{Reason: Busy, Grant: g}
	}
	u := &Use{authority: a, grant: g, expiring: make(chan struct{}), done: make(chan struct{})}
	now := a.clock.now()
	life := g.Expires.Sub(g.Issued)
	u.mu.Lock() // until both timers are there
	u.timers[0] = time.AfterFunc(g.Issued.Add(life*4/5).Sub(now), u.warn)
	u.timers[1] = time.AfterFunc(g.Expires.Sub(now), u.forget)
	u.mu.Unlock()
	a.inUse[g.ID] = u
	return u, nil
}

// Frame must be called before each frame, and says whether it may be shown now.
// The error is a [*Refusal]: with [Expired], [Revoked], [FramesSpent], [Unsure]
// or [Ended]. It looks at the clock, at this gateway's memory, and at nothing
// else.
func (u *Use) Frame() error {
	if refusal := u.allowed(); refusal != nil {
		return refusal
	}
	n, most := u.frames.Add(1), u.grant.MaxFrames
	if most == 0 || n <= most {
		return nil
	}
	u.frames.Add(-1)
	return &Refusal{Reason: FramesSpent, Grant: u.grant}
}

// allowed says whether the key may be used at this moment.
func (u *Use) allowed() *Refusal {
	now, since := u.authority.clock.read()
	if !now.Before(u.grant.Expires) {
		u.end(Expired) // before its timer, where the wall clock is ahead
	}
	if why := u.ended.Load(); why != nil {
		return &Refusal{Reason: *why, Grant: u.grant}
	}
	if u.authority.revoked.lost(since) {
		return &Refusal{Reason: Unsure, Grant: u.grant}
	}
	return nil
}

// Remaining is how much of the key's life is left, by the gateway's clock for
// keys, which is not set back.
func (u *Use) Remaining() time.Duration { return u.grant.Expires.Sub(u.authority.clock.now()) }

// Expiring is closed when a fifth of the key's life is left.
func (u *Use) Expiring() <-chan struct{} { return u.expiring }

// Done is closed when the key expires or is revoked; [Use.Err] tells which.
func (u *Use) Done() <-chan struct{} { return u.done }

// Err is nil until Done is closed, and then a [*Refusal].
func (u *Use) Err() error {
	if why := u.ended.Load(); why != nil {
		return &Refusal{Reason: *why, Grant: u.grant}
	}
	return nil
}

// from says whether a client is the one that the key came from first.
func (u *Use) from(ip string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.client == "" {
		u.client = ip
	}
	return sameAddress(u.client, ip)
}

func (u *Use) lease(c Client) (*Lease, *Refusal) {
	if why := u.ended.Load(); why != nil {
		return nil, &Refusal{Reason: *why, Grant: u.grant}
	}
	u.mu.Lock()
	u.leases++
	u.mu.Unlock()
	return &Lease{use: u, client: c}, nil
}

// warn tells that a fifth of the life is left.
func (u *Use) warn() {
	close(u.expiring)
	u.mu.Lock()
	told := u.begun && u.leases > 0 && !u.warned
	u.warned = u.warned || told
	u.mu.Unlock()
	if told {
		u.tell(record.KeyExpiring, "")
	}
}

// forget ends all leases when the key's life is over, and takes the use out.
// Until then one that ended stays ended, whatever the wall clock does.
func (u *Use) forget() {
	u.end(Expired)
	a := u.authority
	a.mu.Lock()
	if a.inUse[u.grant.ID] == u {
		delete(a.inUse, u.grant.ID)
	}
	a.mu.Unlock()
}

// end ends all leases, once.
func (u *Use) end(why Reason) {
	if !u.ended.CompareAndSwap(nil, &why) {
		return
	}
	u.mu.Lock()
	told := why == Expired && u.begun && u.leases > 0
	u.timers[0].Stop()
	if why == Ended {
		u.timers[1].Stop()
	}
	u.mu.Unlock()
	close(u.done)
	if told {
		u.tell(record.KeyExpired, "")
	}
}

// tell records what happened to a key in use, where nobody waits for it.
func (u *Use) tell(t record.Type, session string) {
	a := u.authority
	frames := u.frames.Load()
	a.later(func(ctx context.Context) {
		r := a.record(t, u.grant, nil)
		r.Key.Frames, r.Key.Session = frames, session
		if err := a.opts.Recorder.Record(ctx, r); err != nil {
			a.log.Error("an event of a provisioning key could not be recorded", "event", string(t), "key", u.grant.ID, "error", err)
		}
		a.opts.Watch(Event{Type: t, Grant: u.grant})
	})
}
