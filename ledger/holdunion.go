package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// holdsNow lists the legal holds that the files or the records tell of. One that
// either says is in force is; where they differ in what it covers, it is listed
// twice.
func (l *Log) holdsNow(src storeSource) ([]Hold, error) {
	all, err := holds(src)
	if err != nil {
		return nil, err
	}
	for _, h := range l.onRecord.list() {
		i := slices.IndexFunc(all, func(f Hold) bool { return f.ID == h.ID })
		if i >= 0 && h.inForce() {
			all[i].Released = h.Released
		}
		if i < 0 || !sameCover(all[i], h) {
			all = append(all, h)
		}
	}
	return all, nil
}

// sameCover says whether two holds keep the same records. Records have
// microseconds.
func sameCover(a, b Hold) bool {
	same := func(a, b time.Time) bool { return a.Truncate(time.Microsecond).Equal(b.Truncate(time.Microsecond)) }
	return same(a.From, b.From) && same(a.Until, b.Until)
}

// mendHolds makes the files that are missing of what is on record, and tells
// where files contradict it.
func (l *Log) mendHolds(ctx context.Context) error {
	l.retention.Lock()
	defer l.retention.Unlock()
	l.onRecord.learning.Lock()
	defer l.onRecord.learning.Unlock()
	src := l.storeSource()
	src.ctx = ctx
	files, err := holds(src)
	if err != nil {
		return err
	}
	told := l.onRecord.list()
	for _, h := range told {
		name := holdFolder + "/" + h.ID + holdSuffix
		i := slices.IndexFunc(files, func(f Hold) bool { return f.ID == h.ID })
		switch {
		case i < 0 && h.inForce():
			l.complain("%s is missing: the hold is on record, so it is in force, and the file is made again", name)
			if err := l.createJSON(ctx, name, h); err != nil {
				l.problem(fmt.Errorf("making %s again: %w", name, err))
			}
		case i < 0:
		case !sameCover(files[i], h):
			l.complain("%s covers other records than the hold on record: what either covers is kept; restore the file from a backup", name)
		case h.inForce() && !files[i].inForce():
			l.complain("%s/%s%s says that the hold is over, which is not on record: it is in force", holdFolder, h.ID, endedSuffix)
		case !h.inForce() && files[i].inForce():
			if err := l.createJSON(ctx, holdFolder+"/"+h.ID+endedSuffix, release{Since: h.Released}); err != nil {
				l.problem(fmt.Errorf("writing down that hold %s is over: %w", h.ID, err))
			}
		}
	}
	for _, f := range files {
		if f.inForce() && !slices.ContainsFunc(told, func(h Hold) bool { return h.ID == f.ID }) {
			l.complain("%s/%s%s is of a hold that is not on record: what it covers is kept", holdFolder, f.ID, holdSuffix)
		}
	}
	return nil
}
