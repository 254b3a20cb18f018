package provision

import (
	"context"
	"fmt"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// Lease is the right of one request to be shown what its key is good for. It is
// for one goroutine, but for its channels.
type Lease struct {
	// What each frame looks at stands together: of thousands of streams, none
	// is in the processor's cache.
	use     *use
	session string // that was begun
	closed  bool
	client  Client
}

// Grant is what the key stands for. It is not to be changed.
func (l *Lease) Grant() *Grant { return l.use.grant }

// Covers says whether the key is good for a session. It records nothing; see
// [Lease.Begin].
func (l *Lease) Covers(session string) bool { return l.use.grant.Scope.Covers(session) }

// Begin must be called before a session's first frame: it records the use, and
// returns once that is durable. For a session that the key is not good for the
// error is a [*Refusal], which is recorded, too, and counts as an anomaly. Any
// other error is the recorder's: show nothing then.
func (l *Lease) Begin(ctx context.Context, session string) error {
	u, a := l.use, l.use.authority
	if !l.Covers(session) {
		refusal := &Refusal{Reason: OutOfScope, Grant: u.grant}
		if !sessionID.MatchString(session) {
			session = "" // anything at all
		}
		a.refused(ctx, refusal, session, &l.client)
		a.anomaly(ctx, ScopeProbe, u.grant, session, &l.client)
		return refusal
	}
	if err := l.used(ctx, session); err != nil {
		return err
	}
	l.session = session
	u.mu.Lock()
	u.begun = true
	late := isClosed(u.expiring) && !u.warned
	u.warned = u.warned || late
	u.mu.Unlock()
	if late {
		u.tell(record.KeyExpiring, session)
	}
	return nil
}

// Look must be called before anything else is told to who has the key, such as
// what it stands for: it records the use, as Begin does, of no session.
func (l *Lease) Look(ctx context.Context) error { return l.used(ctx, "") }

func (l *Lease) used(ctx context.Context, session string) error {
	u, a := l.use, l.use.authority
	if refusal := l.allowed(); refusal != nil {
		a.refused(ctx, refusal, session, &l.client)
		return refusal
	}
	r := a.record(record.KeyUsed, u.grant, &l.client)
	r.Identity = u.grant.Identity()
	r.Key.Session = session
	if err := a.opts.Recorder.Record(ctx, r); err != nil {
		return fmt.Errorf("recording that key %s is used: %w", u.grant.ID, err)
	}
	a.opts.Watch(Event{Type: record.KeyUsed, Grant: u.grant, Client: l.client.Record})
	return nil
}

// Frame must be called before each frame, and says whether it may be shown now.
// The error is a [*Refusal]: with [Expired], [Revoked], [FramesSpent], [Unsure]
// or [Ended]. It looks at the clock, at this gateway's memory, and at nothing
// else.
func (l *Lease) Frame() error {
	if l.session == "" {
		return &Refusal{Reason: Ended, Grant: l.use.grant, Detail: "nothing was begun"}
	}
	u := l.use
	refusal := l.allowed()
	if refusal == nil {
		n, most := u.frames.Add(1), u.grant.MaxFrames
		if most == 0 || n <= most {
			return nil
		}
		u.frames.Add(-1)
		refusal = &Refusal{Reason: FramesSpent, Grant: u.grant}
	}
	l.tellOnce(refusal)
	return refusal
}

// tellOnce records why no more frames are shown, where nothing else does: once
// for a key.
func (l *Lease) tellOnce(why *Refusal) {
	if why.Reason != FramesSpent && why.Reason != Unsure {
		return
	}
	u := l.use
	u.mu.Lock()
	told := u.told[why.Reason]
	if u.told == nil {
		u.told = map[Reason]bool{}
	}
	u.told[why.Reason] = true
	u.mu.Unlock()
	if told {
		return
	}
	client := l.client
	session := l.session
	u.authority.later(func(ctx context.Context) { u.authority.refused(ctx, why, session, &client) })
}

// allowed says whether the key may be used at this moment.
func (l *Lease) allowed() *Refusal {
	u := l.use
	if l.closed {
		return &Refusal{Reason: Ended, Grant: u.grant}
	}
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

// Expires is when the key's life ends.
func (l *Lease) Expires() time.Time { return l.use.grant.Expires }

// Remaining is how much of the key's life is left, by the gateway's clock for
// keys, which is not set back.
func (l *Lease) Remaining() time.Duration {
	return l.use.grant.Expires.Sub(l.use.authority.clock.now())
}

// Expiring is closed when a fifth of the key's life is left.
func (l *Lease) Expiring() <-chan struct{} { return l.use.expiring }

// Done is closed when the key expires or is revoked; [Lease.Err] tells which.
func (l *Lease) Done() <-chan struct{} { return l.use.done }

// Err is nil until Done is closed, and then a [*Refusal].
func (l *Lease) Err() error {
	if why := l.use.ended.Load(); why != nil {
		return &Refusal{Reason: *why, Grant: l.use.grant}
	}
	return nil
}

// WentBack tells of the anomaly [CursorBack], which only the one who shows the
// frames can see. The policy may have the key revoked upon it.
func (l *Lease) WentBack(ctx context.Context) {
	l.use.authority.anomaly(ctx, CursorBack, l.use.grant, l.session, &l.client)
}

// Close gives the lease back. It may be called more than once.
func (l *Lease) Close() {
	if l.closed {
		return
	}
	l.closed = true
	l.use.mu.Lock()
	l.use.leases--
	l.use.mu.Unlock()
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
