package cli

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// Approval records carry an exchange and no session. They are of the session
// that their exchange is of, which other records tell.

// isOfSession says whether a record is of the session that is wanted.
func (f *filter) isOfSession(r *record.Record) bool {
	if r.Session != nil {
		return r.Session.ID == f.session
	}
	return r.Approval != nil && f.exchanges[r.Exchange]
}

// learn takes in which exchanges are of the session that is wanted.
func (f *filter) learn(line []byte) {
	session, exchange := record.Belonging(line)
	if exchange != nil && bytes.Equal(session, record.Quoted(f.session)) {
		f.exchanges[string(bytes.Trim(exchange, `"`))] = true
	}
}

// narrow gives the parts in which a session's records may be, of those given,
// and finds out which exchanges are its own. With an error it has read what can
// be read, or given up as [source.walkOn] does.
func (s *source) narrow(want *filter, parts []stretch) ([]stretch, error) {
	want.exchanges = map[string]bool{}
	has := s.sessionIn(want.session)
	all := having(s.stretches(time.Time{}, time.Time{}), has)
	err := s.walkOn(all, func(l ledger.Line) error {
		want.learn(l.Raw)
		return nil
	})
	return having(parts, has), err
}

// sessionIn tells, by the log's indexes, which parts of it have records of a
// session. Where they do not say, any may.
func (s *source) sessionIn(id string) func(stretch) bool {
	any := func(stretch) bool { return true }
	reader, err := ledger.NewReader(s, "")
	if err != nil {
		return any
	}
	found, err := reader.Session(context.Background(), id)
	if err != nil {
		return any
	}
	first := uint64(0) // nothing was looked at before it
	if all := s.segments(); len(all) > 0 {
		first = all[0].first
	}
	return func(part stretch) bool {
		if part.from < first {
			return true
		}
		i, _ := slices.BinarySearch(found.Seqs, part.from)
		return part.to > found.Next || i < len(found.Seqs) && found.Seqs[i] < part.to
	}
}

func having(parts []stretch, has func(stretch) bool) []stretch {
	return slices.DeleteFunc(slices.Clone(parts), func(part stretch) bool { return !has(part) })
}
