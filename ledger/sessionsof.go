package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// Whose asks for sessions by who they were of, and when.
type Whose struct {
	// Subject is whose records they have. Issuer is who vouched for that; empty:
	// whoever did.
	Issuer, Subject string
	// From and Until bound the times of those records, From included, Until not;
	// zero: no bound.
	From, Until time.Time
	// Most is how many sessions are looked for: those first seen first.
	Most int
}

// SessionsOf are the ids of the sessions that somebody has records of, those
// first seen first. Sealed segments are found by their indexes, which are
// signed; of one that lies within the time asked for, and has none, or one of
// before indexes told of subjects, the records are read. Nothing is read of
// those that begin and end elsewhere in time: what one has of the time asked for is
// missed only where the clock was set by more than an hour in it, and was right
// again before the next.
func (r *Reader) SessionsOf(ctx context.Context, w Whose) (ids []string, err error) {
	err = r.again(ctx, func(v *view) error {
		found, err := v.sessionsOf(&w)
		ids = nil
		for i := 0; err == nil && i < len(found); i++ {
			var id string
			id, err = found[i].id()
			ids = append(ids, id)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for the sessions of a subject: %w", err)
	}
	return ids, nil
}

func (w *Whose) names() *subjectNames {
	n := &subjectNames{subject: record.Quoted(w.Subject)}
	if w.Issuer != "" {
		n.issuer = record.Quoted(w.Issuer)
	}
	return n
}

// has says whether a moment is in the time asked for.
func (w *Whose) has(t time.Time) bool { return !t.Before(w.From) && w.before(t) }

func (w *Whose) before(t time.Time) bool { return w.Until.IsZero() || t.Before(w.Until) }

// Records that are made at once are committed in any order, and clocks are set
// by a little: a segment's times may lie so far before its first record's, or
// behind that of the next segment's first.
const (
	disorder      = time.Minute
	hoursDisorder = time.Hour // of hours, which cost an index to be wrong about
)

// reaches says whether a segment whose first record is of the hour, and the one
// after it of the next hour, may have records of that time. Zero: not known.
func (w *Whose) reaches(hour, next time.Time) bool {
	return setBack(hour, next) || w.before(hour.Add(-hoursDisorder)) &&
		(next.IsZero() || next.Add(time.Hour+hoursDisorder).After(w.From))
}

// setBack says that the clock was set back between two moments on record.
func setBack(first, next time.Time) bool { return !next.IsZero() && next.Before(first) }

func (v *view) sessionsOf(w *Whose) (all []sighting, err error) {
	names := w.names()
	if all, err = v.openSessionsOf(w, names); err != nil {
		return nil, err
	}
	all = earliest(all, w.Most)
	newest := indexChain{}
	for i, s := range slices.Backward(v.sealed) {
		var next segment
		if i+1 < len(v.sealed) {
			next = v.sealed[i+1]
		}
		if !w.reaches(sealedHour(s.name), sealedHour(next.name)) {
			newest = indexChain{} // what follows is not vouched for by what was not read
			continue
		}
		if err := v.ctx.Err(); err != nil {
			return nil, err
		}
		x, err := v.subjectIndex(w, s, next, v.end(i), &newest)
		if err != nil {
			return nil, err
		}
		if x == nil {
			continue
		}
		seen, err := names.in(x.table)
		if err != nil {
			return nil, err
		}
		seen, err = v.during(w, seen, func(session string) ([]uint64, error) {
			return indexed(x.table, indexSession, []byte(session))
		})
		if err != nil {
			return nil, err
		}
		all = earliest(append(all, seen...), w.Most)
	}
	return all, nil
}

// earliest are the first so many sessions.
func earliest(all []sighting, most int) []sighting {
	slices.SortFunc(all, func(a, b sighting) int {
		return cmp.Or(a.from.Compare(b.from), cmp.Compare(a.session, b.session))
	})
	seen := map[string]bool{}
	all = slices.DeleteFunc(all, func(s sighting) bool {
		again := seen[s.session]
		seen[s.session] = true
		return again
	})
	return slices.Clip(all[:min(len(all), most)])
}

// subjectIndex is what is known of a sealed segment, subjects and all. It is read
// for that only if it has records of the time asked for, by its first record and
// that of the one after it: nil if not.
func (v *view) subjectIndex(w *Whose, s, next segment, end uint64, newest *indexChain) (*knownIndex, error) {
	x, err := v.signedIndex(s, end, newest)
	if err != nil || x != nil && listsSubjects(x.table) {
		return x, err
	}
	begins, follows := v.begins(s), v.begins(next)
	if !setBack(begins, follows) &&
		(!begins.IsZero() && !w.before(begins.Add(-disorder)) || !follows.IsZero() && !follows.Add(disorder).After(w.From)) {
		return nil, nil
	}
	whole, err := v.scan(s, end)
	if err != nil {
		return nil, err
	}
	if x != nil {
		whole.before = x.before
	}
	v.reader.keep(s, whole)
	return whole, nil
}

// begins is the time of a segment's first record; zero where there is no segment,
// or it does not tell, or is damaged, which is no reason not to read it.
func (v *view) begins(s segment) time.Time {
	if s.name == "" {
		return time.Time{}
	}
	at, err := beginning(v.src, s)
	if err != nil || at.Unix() <= 0 {
		return time.Time{}
	}
	return at
}

func (v *view) openSessionsOf(w *Whose, names *subjectNames) (all []sighting, err error) {
	t := &v.reader.tail
	seqs := map[string][]uint64{}
	if err := t.look(v, func() {
		for _, file := range t.files {
			for _, s := range names.among(&file.table.subjects) {
				all = append(all, s)
				if set := file.table.sessions[s.session]; set != nil && w.hides(s) {
					seqs[s.session] = append(seqs[s.session], set.below(file.next())...)
				}
			}
		}
	}); err != nil {
		return nil, err
	}
	return v.during(w, all, func(session string) ([]uint64, error) { return seqs[session], nil })
}

// hides says that a sighting does not tell whether there is a record in the time
// asked for: it begins before, and ends after.
func (w *Whose) hides(s sighting) bool {
	return s.from.Before(w.From) && !w.before(s.until)
}

// during are the sightings within the time asked for, each from when on it is in
// it. Where a sighting does not tell, its session's records do.
func (v *view) during(w *Whose, all []sighting, seqs func(session string) ([]uint64, error)) (in []sighting, err error) {
	var asked []uint64
	for _, s := range all {
		switch {
		case w.hides(s):
			of, err := seqs(s.session)
			if err != nil {
				return nil, err
			}
			asked = append(asked, of...)
		case !s.until.Before(w.From) && w.before(s.from):
			if s.from.Before(w.From) {
				s.from = w.From
			}
			in = append(in, s)
		}
	}
	slices.Sort(asked)
	err = v.entries(slices.Compact(asked), func(e Entry) error {
		r, err := record.Parse(e.Raw)
		if err != nil || r.Session == nil || r.Identity == nil {
			return nil // damaged, and nobody's; or of the session, but of nobody
		}
		if r.Identity.Subject == w.Subject && (w.Issuer == "" || r.Identity.Issuer == w.Issuer) && w.has(r.Time.Time) {
			in = append(in, sighting{string(record.Quoted(r.Session.ID)), period{r.Time.Time, r.Time.Time}})
		}
		return nil
	})
	return in, err
}
