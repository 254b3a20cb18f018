package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

// storeHolds is what the store itself keeps because of legal holds.
type storeHolds struct {
	mu   sync.Mutex // held while the store is told
	kept map[string]bool
}

// periodByName is what the names of a sealed segment and of the one after it tell
// of its times: whole hours, so rather too much. It only grows when the one
// after is purged, so that a release reaches all that its hold did. Where the
// clock was set it may be too little: then only the log keeps the segment.
func periodByName(s, next segment) period {
	from, until := sealedHour(s.name), sealedHour(next.name)
	if until.Before(from) {
		from, until = until, from
	}
	return period{from, until.Add(time.Hour)}
}

// KeepHeld has the store itself keep the sealed segments that legal holds in
// force cover, if it can: then nobody can remove them past the log either. It
// is to be called now and then, because segments come, and what waits in a
// spool cannot be held yet. A purge is safe without.
func (l *Log) KeepHeld(ctx context.Context) error {
	err := l.tellStore(ctx, func(name string, at period, all []Hold, keeper storage.Retainer) error {
		if l.storeHolds.kept[name] || !heldAt(all, at) {
			return errEnough
		}
		return keeper.Hold(ctx, name)
	}, func(name string) { l.storeHolds.kept[name] = true })
	if err != nil {
		return fmt.Errorf("the store does not keep all that legal holds cover, which only the log does for now: %w", err)
	}
	return nil
}

// letGo ends in the store what was held there for a hold that is over, and for
// no other.
func (l *Log) letGo(ctx context.Context, over string) error {
	err := l.tellStore(ctx, func(name string, at period, all []Hold, keeper storage.Retainer) error {
		if heldAt(all, at) || !slices.ContainsFunc(all, func(h Hold) bool { return h.ID == over && h.reaches(at) }) {
			return errEnough
		}
		return keeper.Release(ctx, name)
	}, func(name string) { delete(l.storeHolds.kept, name) })
	if err != nil {
		return fmt.Errorf("hold %s is over, but the store still keeps segments for it, which it lets go of when they are purged: %w", over, err)
	}
	return nil
}

func heldAt(all []Hold, at period) bool {
	return slices.ContainsFunc(all, func(h Hold) bool { return h.inForce() && h.reaches(at) })
}

// tellAtOnce is how many objects the store is told of at once.
const tellAtOnce = 8

// tellStore does something for each sealed segment but the newest, which is
// never purged. Do returns errEnough where there is nothing to do. What waits
// in a spool, or is gone, is passed over.
func (l *Log) tellStore(ctx context.Context, do func(name string, at period, all []Hold, keeper storage.Retainer) error, done func(name string)) error {
	keeper, ok := l.opts.Store.(storage.Retainer)
	if !ok {
		return nil
	}
	l.storeHolds.mu.Lock()
	defer l.storeHolds.mu.Unlock()
	src := l.storeSource()
	src.ctx = ctx
	all, err := holds(src)
	if err != nil || len(all) == 0 {
		return err
	}
	sealed, err := segments(src, sealedFolder)
	if err != nil {
		return err
	}
	if l.storeHolds.kept == nil {
		l.storeHolds.kept = map[string]bool{}
	}
	for from := 0; from+1 < len(sealed); from += tellAtOnce {
		errs := make([]error, min(tellAtOnce, len(sealed)-1-from))
		var group sync.WaitGroup
		for i := range errs {
			s, next := sealed[from+i], sealed[from+i+1]
			group.Go(func() { errs[i] = do(l.prefix+s.name, periodByName(s, next), all, keeper) })
		}
		group.Wait()
		var fault error
		for i, err := range errs {
			switch {
			case err == nil:
				done(l.prefix + sealed[from+i].name)
			case !errors.Is(err, errEnough) && !errors.Is(err, storage.ErrRetained) && !errors.Is(err, storage.ErrNotExist):
				fault = err
			}
		}
		if fault != nil {
			return fault
		}
	}
	return nil
}
