package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// SessionFilter asks for sessions by who they were of, and when.
type SessionFilter struct {
	// Subject is whose records they have. Issuer is who vouched for that name;
	// empty: whoever did.
	Issuer, Subject string
	// From and Until bound the times of those records, From included, Until not;
	// zero: no bound.
	From, Until time.Time
	// Most is how many sessions are looked for: those first seen first.
	Most int
}

// SessionsOf are the ids of the sessions that somebody has records of, those
// first seen first. Sealed segments are found by their indexes, which are
// signed. One without, or with one of before indexes told of subjects, is read
// itself. Segments that begin and end outside of the time asked for are passed
// over: what one has of that time is missed only where the clock was set by more
// than an hour in it, and was right again before the next.
func (r *Reader) SessionsOf(ctx context.Context, f SessionFilter) (ids []string, err error) {
	err = r.again(ctx, func(v *view) error {
		found, err := v.sessionsOf(&f)
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

func (f *SessionFilter) names() *subjectNames {
	n := &subjectNames{subject: record.Quoted(f.Subject)}
	if f.Issuer != "" {
		n.issuer = record.Quoted(f.Issuer)
	}
	return n
}

// has says whether a moment is in the time asked for.
func (f *SessionFilter) has(t time.Time) bool { return !t.Before(f.From) && f.before(t) }

func (f *SessionFilter) before(t time.Time) bool { return f.Until.IsZero() || t.Before(f.Until) }

// Records that are made at once are committed in any order, and clocks are set
// by a little: a segment's times may lie so far before its first record's, or
// behind that of the next segment's first.
const (
	disorder      = time.Minute
	hoursDisorder = time.Hour // of hours, which cost an index to be wrong about
)

// reaches says whether a segment whose first record is of the hour, and the one
// after it of the next hour, may have records of that time. Zero: not known.
func (f *SessionFilter) reaches(hour, next time.Time) bool {
	return setBack(hour, next) || f.before(hour.Add(-hoursDisorder)) &&
		(next.IsZero() || next.Add(time.Hour+hoursDisorder).After(f.From))
}

// setBack says that the clock was set back between two moments on record.
func setBack(first, next time.Time) bool { return !next.IsZero() && next.Before(first) }

func (v *view) sessionsOf(f *SessionFilter) (all []sighting, err error) {
	names := f.names()
	if all, err = v.openSessionsOf(f, names); err != nil {
		return nil, err
	}
	all = earliest(all, f.Most)
	newest := indexChain{}
	for i := range slices.Backward(v.sealed) {
		if err := v.ctx.Err(); err != nil {
			return nil, err
		}
		seen, err := v.sealedSessionsOf(f, names, i, &newest)
		if err != nil {
			return nil, err
		}
		all = earliest(append(all, seen...), f.Most)
	}
	return all, nil
}

// sealedSessionsOf are the sightings in the i-th sealed segment.
func (v *view) sealedSessionsOf(f *SessionFilter, names *subjectNames, i int, newest *indexChain) ([]sighting, error) {
	s, next := v.sealed[i], segment{}
	if i+1 < len(v.sealed) {
		next = v.sealed[i+1]
	}
	if !f.reaches(sealedHour(s.name), sealedHour(next.name)) {
		*newest = indexChain{} // what follows is not vouched for by what was not read
		return nil, nil
	}
	x, err := v.subjectIndex(f, s, next, v.end(i), newest)
	if err != nil || x == nil {
		return nil, err
	}
	seen, err := names.in(x.table)
	if err != nil {
		return nil, err
	}
	return v.during(f, seen, func(session string) ([]uint64, error) {
		return indexed(x.table, indexSession, []byte(session))
	})
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

// subjectIndex is what is known of a sealed segment, subjects and all. Where its
// index does not tell them, the segment is read, but only if it has records of the
// time asked for, by its first record and that of the one after it: nil if not.
func (v *view) subjectIndex(f *SessionFilter, s, next segment, end uint64, newest *indexChain) (*knownIndex, error) {
	x, err := v.signedIndex(s, end, newest)
	if err != nil || x != nil && listsSubjects(x.table) {
		return x, err
	}
	begins, follows := v.begins(s), v.begins(next)
	if !setBack(begins, follows) &&
		(!begins.IsZero() && !f.before(begins.Add(-disorder)) || !follows.IsZero() && !follows.Add(disorder).After(f.From)) {
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

func (v *view) openSessionsOf(f *SessionFilter, names *subjectNames) (all []sighting, err error) {
	t := &v.reader.tail
	seqs := map[string][]uint64{}
	if err := t.look(v, func() {
		for _, file := range t.files {
			for _, s := range names.among(&file.table.subjects) {
				all = append(all, s)
				if set := file.table.sessions[s.session]; set != nil && f.hides(s) {
					seqs[s.session] = append(seqs[s.session], set.below(file.next())...)
				}
			}
		}
	}); err != nil {
		return nil, err
	}
	return v.during(f, all, func(session string) ([]uint64, error) { return seqs[session], nil })
}

// hides says whether a sighting leaves open if there is a record in the time
// asked for: it begins before that, and ends after it.
func (f *SessionFilter) hides(s sighting) bool {
	return s.from.Before(f.From) && !f.before(s.until)
}

// during are the sightings within the time asked for, each from when on it is in
// it. Where a sighting does not tell, its session's records do.
func (v *view) during(f *SessionFilter, all []sighting, seqs func(session string) ([]uint64, error)) (in []sighting, err error) {
	var asked []uint64
	for _, s := range all {
		switch {
		case f.hides(s):
			of, err := seqs(s.session)
			if err != nil {
				return nil, err
			}
			asked = append(asked, of...)
		case !s.until.Before(f.From) && f.before(s.from):
			if s.from.Before(f.From) {
				s.from = f.From
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
		if r.Identity.Subject == f.Subject && (f.Issuer == "" || r.Identity.Issuer == f.Issuer) && f.has(r.Time.Time) {
			in = append(in, sighting{string(record.Quoted(r.Session.ID)), period{r.Time.Time, r.Time.Time}})
		}
		return nil
	})
	return in, err
}
