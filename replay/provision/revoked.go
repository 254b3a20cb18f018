package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

const (
	// maxRevoked is how many revocations of the days that matter a gateway keeps
	// in mind; with more it accepts no key.
	maxRevoked = 100_000
	// lookWithin bounds one look into the store.
	lookWithin = 5 * time.Second
	// Between two looks that failed a moment must pass.
	lookAgain = time.Second
	// After so long without a look, what runs is ended.
	lostAfter = 30 * time.Second
)

// revocations are the keys that were revoked, here or at other gateways.
type revocations struct {
	mu       sync.RWMutex
	ids      map[string]string // the day of each key
	onRecord map[string]bool   // those whose key.revoked this process knows to be durable
	owed     map[string]owed   // those that could not be stored or recorded yet

	looking sync.Mutex
	looked  atomic.Int64 // when the store was last read whole, in nanoseconds of the clock's life; 0: never
	failed  atomic.Int64 // when that last failed
}

func (v *revocations) has(id string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	_, ok := v.ids[id]
	return ok
}

// add takes up revocations, and says which are new.
func (v *revocations) add(day string, ids ...string) (fresh []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, id := range ids {
		if _, ok := v.ids[id]; !ok {
			v.ids[id] = day
			fresh = append(fresh, id)
		}
	}
	return fresh
}

func (v *revocations) recorded(id string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.onRecord[id]
}

// owed is a revocation that works here only, so far.
type owed struct {
	grant *Grant
	word  Revocation
}

func (v *revocations) owe(o owed) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.owed[o.grant.ID] = o
}

func (v *revocations) paid(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.owed, id)
	v.onRecord[id] = true
}

// settle tries again what could not be stored or recorded.
func (v *revocations) settle(ctx context.Context, a *Authority) {
	v.mu.RLock()
	all := slices.Collect(maps.Values(v.owed))
	v.mu.RUnlock()
	for _, o := range all {
		if a.revoke(ctx, o.grant, o.word) != nil {
			return // its time comes again
		}
	}
}

// known says whether the revocations of other gateways are known up to a
// moment ago, and looks for them where they are not.
func (v *revocations) known(ctx context.Context, a *Authority) bool {
	fresh := func() bool {
		at := v.looked.Load()
		return at > 0 && a.clock.since()-time.Duration(at) < 2*a.opts.Poll
	}
	if fresh() {
		return true
	}
	v.looking.Lock()
	defer v.looking.Unlock()
	if fresh() {
		return true
	}
	if at := v.failed.Load(); at > 0 && a.clock.since()-time.Duration(at) < lookAgain {
		return false
	}
	return v.lookNow(ctx, a)
}

// lost says whether it has been unknown for so long what was revoked that
// nothing more may be shown. since is how long ago the clock began.
func (v *revocations) lost(since time.Duration) bool {
	return since-time.Duration(v.looked.Load()) > lostAfter
}

// look looks for revocations, and ends the leases of keys that are revoked.
func (v *revocations) look(ctx context.Context, a *Authority) {
	v.looking.Lock()
	defer v.looking.Unlock()
	v.lookNow(ctx, a)
}

func (v *revocations) lookNow(ctx context.Context, a *Authority) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookWithin)
	defer cancel()
	began := a.clock.since()
	now := a.clock.now()
	var days []string
	for t := now.Add(-MaxLifetime - skew); ; t = t.Add(24 * time.Hour) {
		if day, last := dayOf(t), dayOf(now.Add(skew)); day >= last {
			days = append(days, last)
			break
		}
		days = append(days, dayOf(t))
	}
	for _, day := range days {
		if err := v.lookAt(ctx, a, day); err != nil {
			v.failed.Store(int64(a.clock.since()) + 1)
			a.log.Warn("it is not known which provisioning keys are revoked, so none is accepted", "error", err)
			return false
		}
	}
	v.mu.Lock()
	for id, day := range v.ids {
		if day < days[0] {
			delete(v.ids, id)
			delete(v.onRecord, id)
			delete(v.owed, id)
		}
	}
	v.mu.Unlock()
	v.looked.Store(int64(began) + 1)
	return true
}

func (v *revocations) lookAt(ctx context.Context, a *Authority, day string) error {
	prefix := a.folder(revokedRoot) + day + "/"
	var ids []string
	for name, err := range a.opts.Store.List(ctx, prefix) {
		if err != nil {
			return fmt.Errorf("listing %s: %w", prefix, err)
		}
		if id, ok := strings.CutSuffix(strings.TrimPrefix(name, prefix), objectSuffix); ok {
			ids = append(ids, id)
		}
		if len(ids) > maxRevoked {
			return fmt.Errorf("%s has over %d revocations", prefix, maxRevoked)
		}
	}
	for _, id := range v.add(day, ids...) {
		a.drop(id)
	}
	return nil
}

// drop ends the leases of a key that is revoked.
func (a *Authority) drop(id string) {
	a.mu.Lock()
	u := a.inUse[id]
	a.mu.Unlock()
	if u != nil {
		u.end(Revoked)
	}
}

// dayOf is the name of a day's folder.
func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// dayOfID is the day a key was issued, as its id tells.
func dayOfID(id string) (string, bool) {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 || u.String() != id {
		return "", false
	}
	return dayOf(time.UnixMilli(issuedAt(u))), true
}
