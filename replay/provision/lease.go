package provision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// Lease is the right of one request to be shown what its key is good for. It is
// for one goroutine, but for its channels.
type Lease struct {
	use     *Use
	client  Client
	session string // that was begun
	closed  bool
}

// Grant is what the key stands for. It is not to be changed.
func (l *Lease) Grant() *Grant { return l.use.grant }

// Covers says whether the key is good for a session. It records nothing; see
// [Lease.Begin].
func (l *Lease) Covers(session string) bool { return l.use.grant.Scope.Covers(session) }

// Begin must be called before a session's first frame: it records the use, and
// returns once that is durable, with what is to be asked before each frame. What
// ends the frames is to be given to [Lease.Tell]. For a session that the key is
// not good for the error is a [*Refusal], which is recorded, too, and counts as
// an anomaly. Where no frame is left the error is a [*Refusal] as well, and no
// anomaly. Any other error is the recorder's: show nothing then.
func (l *Lease) Begin(ctx context.Context, session string) (*Use, error) {
	u, a := l.use, l.use.authority
	if !l.Covers(session) {
		refusal := &Refusal{Reason: OutOfScope, Grant: u.grant}
		if !sessionID.MatchString(session) {
			session = "" // anything at all
		}
		a.refused(ctx, refusal, session, &l.client)
		a.anomaly(ctx, ScopeProbe, u.grant, session, &l.client)
		return nil, refusal
	}
	if most := u.grant.MaxFrames; most > 0 && u.frames.Load() >= most {
		refusal := &Refusal{Reason: FramesSpent, Grant: u.grant}
		a.refused(ctx, refusal, session, &l.client)
		return nil, refusal
	}
	if err := l.used(ctx, session); err != nil {
		return nil, err
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
	return u, nil
}

// Look must be called before anything else is told to who has the key, such as
// what it stands for: it records the use, as Begin does, of no session.
func (l *Lease) Look(ctx context.Context) error { return l.used(ctx, "") }

func (l *Lease) used(ctx context.Context, session string) error {
	u, a := l.use, l.use.authority
	refusal := u.allowed()
	if l.closed {
		refusal = &Refusal{Reason: Ended, Grant: u.grant}
	}
	if refusal != nil {
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

// Tell records why no more frames are shown, if err is a [*Refusal] that nothing
// else records: once for a key.
func (l *Lease) Tell(err error) {
	var why *Refusal
	if !errors.As(err, &why) || why.Reason != FramesSpent && why.Reason != Unsure {
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

// Expires is when the key's life ends.
func (l *Lease) Expires() time.Time { return l.use.grant.Expires }

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
