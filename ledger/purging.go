package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

// purging is one Purge under way.
type purging struct {
	Purge
	log    *Log
	keeper storage.Retainer
	src    storeSource
	sealed []segment // those that the log sealed
	others []segment // by their names in records that are not sealed
	holes  []gap
	held   []Hold     // as they were at the beginning
	proof  *leafProof // nil until it is needed
	done   []Purged
}

func (r *purging) begin() (err error) {
	if err := r.log.learn(r.src.ctx); err != nil {
		return err
	}
	if err := r.log.mendHolds(r.src.ctx); err != nil {
		return err
	}
	if r.sealed, err = segments(r.src, sealedFolder); err != nil {
		return err
	}
	r.sealed, r.others = r.log.sealer.own(r.sealed)
	if r.holes, err = gaps(r.src); err != nil {
		return err
	}
	r.held, err = r.log.holdsNow(r.src)
	return err
}

// own tells the files of segments that were sealed, in order, from those whose
// names are not of sealed records, of which no seal under way is the reason.
func (s *sealer) own(sealed []segment) (own, others []segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, _ := slices.BinarySearchFunc(sealed, s.tiling.size, func(f segment, size uint64) int { return cmp.Compare(f.first, size) })
	own, others = sealed[:n], sealed[n:]
	if len(others) > 0 && len(s.pending) > 0 && others[0].first == s.pending[0].first {
		others = others[1:]
	}
	return own, others
}

// tellForeign tells of files that the log did not seal.
func (r *purging) tellForeign() {
	for _, s := range r.others {
		if !sealedHour(s.name).After(r.Before) {
			what := Purged{Segment: s.name, First: s.first}
			what.keep(KeptDamaged, "the log has not sealed record %d, so this file is not its own: run caddy rec verify", s.first)
			r.done = append(r.done, what)
		}
	}
}

// segment sees to the i-th sealed segment, which another one follows. It is
// unpacked only if neither its name, nor a hold, nor what is remembered of it
// says that it stays.
func (r *purging) segment(i int) error {
	s := r.sealed[i]
	if sealedHour(s.name).After(r.Before) {
		return nil
	}
	what := Purged{Segment: s.name, First: s.first, Records: r.end(i) - s.first}
	times, known := r.log.examined.of(s.name)
	settled := r.stays(&what, times, known)
	if !settled {
		times, err := r.examine(s, r.end(i), &what)
		if err != nil {
			return err
		}
		if settled = what.Kind != ""; !settled {
			r.log.examined.keep(s.name, times)
			settled = r.stays(&what, times, true)
		}
	}
	if settled {
		if what.Kind != "" {
			r.done = append(r.done, what)
		}
		return nil
	}
	if !r.DryRun {
		gone, err := r.remove(i, &what)
		if err != nil {
			return err
		}
		if gone {
			r.log.examined.forget(s.name)
		}
	}
	r.done = append(r.done, what)
	return nil
}

// end is the seq after the last record of the i-th segment.
func (r *purging) end(i int) uint64 {
	end := r.sealed[i+1].first
	for _, g := range r.holes {
		if g.First > r.sealed[i].first {
			end = min(end, g.First)
		}
	}
	return end
}

// stays says whether a segment of these times, if they are known, stays: it is
// not old enough, or held, which what then tells.
func (r *purging) stays(what *Purged, t period, known bool) bool {
	if known {
		what.From, what.Until = t.from, t.until
		if !t.until.Before(r.Before) {
			return true
		}
	}
	for _, h := range r.held {
		if h.inForce() && (h.unbounded() || known && h.reaches(t)) {
			what.keep(KeptHeld, "hold %s", h.ID)
			return true
		}
	}
	if id, ok := r.log.onRecord.needs(what.extent()); ok {
		what.keep(KeptHeld, "hold %s, which is on record in it", id)
		return true
	}
	return false
}

// isFree says whether no seal is under way that might still read records before
// seq.
func (l *Log) isFree(seq uint64) bool {
	l.sealer.mu.Lock()
	defer l.sealer.mu.Unlock()
	return len(l.sealer.pending) == 0 || l.sealer.pending[0].first >= seq
}

// remove removes one segment, unless a hold keeps it or the store does.
func (r *purging) remove(i int, what *Purged) (gone bool, err error) {
	// A hold that is placed meanwhile waits, and then finds the segment gone; a
	// hold that was placed before is seen here.
	r.log.retention.Lock()
	defer r.log.retention.Unlock()
	if r.held, err = r.log.holdsNow(r.src); err != nil {
		return false, err
	}
	if r.stays(what, period{what.From, what.Until}, true) {
		return false, nil
	}
	if slices.ContainsFunc(r.holes, func(g gap) bool { return g.First == what.First && g != what.extent() }) {
		what.keep(KeptDamaged, "%s tells of another extent: run caddy rec verify", purgedName(what.First))
		return false, nil
	}
	if err := r.tell(what); err != nil {
		return false, err
	}
	name := r.log.prefix + what.Segment
	err = r.keeper.Delete(r.src.ctx, name)
	if errors.Is(err, storage.ErrRetained) && r.toldStore(i) {
		// For a hold that is over, of which the store was not told in time, or
		// that reaches the segment by its name only.
		if err = r.keeper.Release(r.src.ctx, name); err == nil {
			err = r.keeper.Delete(r.src.ctx, name)
		}
	}
	switch {
	case errors.Is(err, storage.ErrRetained):
		what.keep(KeptRetained, "retained by the store")
		return false, nil
	case err != nil && !errors.Is(err, storage.ErrNotExist):
		return false, err
	}
	r.log.onRecord.forget(what.extent())
	r.dropIndex(what.First)
	return true, nil
}

// dropIndex removes the index of a segment that is gone: who had sessions in it
// is no longer to be known either.
func (r *purging) dropIndex(first uint64) {
	err := r.keeper.Delete(r.src.ctx, r.log.prefix+indexName(first))
	if err != nil && !errors.Is(err, storage.ErrNotExist) && !errors.Is(err, storage.ErrRetained) {
		r.log.problem(fmt.Errorf("the segment that began at record %d is purged, but its index %s could not be removed: %w", first, indexName(first), err))
	}
}

// toldStore says whether the store may have been told to keep the i-th segment
// for a hold.
func (r *purging) toldStore(i int) bool {
	at := periodByName(r.sealed[i], r.sealed[i+1])
	return slices.ContainsFunc(r.held, func(h Hold) bool { return h.reaches(at) })
}

// tell sees to it that the purge of a segment is on record, marked, and signed
// for, before it is removed.
func (r *purging) tell(what *Purged) error {
	// What is announced is brought to its end, whoever still waits for it.
	ctx := context.WithoutCancel(r.src.ctx)
	// A marker alone is nothing: everybody can make it.
	if !r.log.onRecord.isPurged(what.extent()) {
		// What the segment says of those before it is said again: without that a
		// verification would miss them.
		earlier := r.log.onRecord.toldIn(what.extent())
		receipt, err := r.log.tellRetention(ctx, record.RetentionPurged, record.Retention{
			Segment: what.Segment, First: int64(what.First), Records: int64(what.Records),
			From: bound(what.From), Until: bound(what.Until), Why: r.Why, By: r.By, Earlier: extents(earlier),
		})
		if err != nil {
			return err
		}
		r.log.onRecord.purge(what.extent(), receipt.Seq)
		for _, g := range earlier {
			r.log.onRecord.purge(g, receipt.Seq)
		}
	}
	if err := r.log.createJSON(ctx, purgedName(what.First), what.extent()); err != nil {
		return err
	}
	return r.log.checkpointer.sign() // a verification counts what is signed for only
}

// sealedHour is the hour in a sealed segment's name: that of its first record.
func sealedHour(name string) time.Time {
	var date string
	var hour int
	if _, err := fmt.Sscanf(strings.TrimPrefix(name, sealedFolder+"/"), "dt=%10s/hour=%02d/", &date, &hour); err != nil {
		return time.Time{}
	}
	t, _ := time.Parse(time.DateOnly, date)
	return t.Add(time.Duration(hour) * time.Hour)
}
