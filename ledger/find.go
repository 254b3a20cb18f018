package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/caddyrec/caddyrec/record"
)

// Found says where a session's records are.
type Found struct {
	// Seqs are its records, in order. Those of a segment without an index that
	// are damaged are among them, whosever they are: they may be the session's. So
	// is the first of each run of records that are gone.
	Seqs []uint64
	// Next is the seq that the log's next record will have: from there on
	// nothing was looked at.
	Next uint64

	id        []byte
	own       []uint64        // of Seqs, those that carry the session's id
	exchanges map[string]bool // that are the session's; nil until they matter
	loose     map[looseRecord]bool
}

// looseRecord is a record that carries an exchange, as its JSON string, but no
// session, and is of nobody yet.
type looseRecord struct {
	exchange string
	seq      uint64
}

// Session finds the records of one session: those that carry its id, and those
// that only carry an exchange that is of it, such as the votes on an approval
// that one of its requests needed. Sealed segments are found by their indexes,
// which are signed; one without is read.
func (r *Reader) Session(ctx context.Context, id string) (*Found, error) {
	return r.More(ctx, &Found{id: record.Quoted(id)})
}

// More finds what came since. The new records of the session need not all be
// behind the old ones. Found itself stays as it is.
func (r *Reader) More(ctx context.Context, found *Found) (*Found, error) {
	var more *Found
	err := r.again(ctx, func(v *view) (err error) {
		more, err = v.more(found)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for session %s: %w", found.id, err)
	}
	return more, nil
}

// Next is the seq that the log's next record will have.
func (r *Reader) Next(ctx context.Context) (next uint64, err error) {
	if r.size != nil {
		return r.size(), nil
	}
	err = r.again(ctx, func(v *view) error {
		return r.tail.look(v, func() { next = r.tail.next() })
	})
	return next, err
}

// finding is a Found under way.
type finding struct {
	*Found
	from  uint64
	fresh []uint64 // the session's own records that were found now
}

func (v *view) more(before *Found) (*Found, error) {
	f := finding{from: before.Next, Found: &Found{
		Seqs: slices.Clone(before.Seqs), id: before.id, own: slices.Clone(before.own),
		exchanges: maps.Clone(before.exchanges), loose: maps.Clone(before.loose),
	}}
	if f.loose == nil {
		f.loose = map[looseRecord]bool{}
	}
	if err := v.findSealed(&f); err != nil {
		return nil, err
	}
	if err := v.findOpen(&f); err != nil {
		return nil, err
	}
	f.own = append(f.own, f.fresh...)
	if err := v.join(&f); err != nil {
		return nil, err
	}
	f.Seqs = append(f.Seqs, f.fresh...)
	slices.Sort(f.Seqs)
	f.Seqs = slices.Compact(f.Seqs)
	return f.Found, nil
}

// took takes in where a table has the session's records, and which it knows by
// their exchange only.
func (f *finding) took(seqs []uint64, damaged []uint64, loose iter.Seq2[string, uint64]) {
	for _, seq := range seqs {
		if seq >= f.from {
			f.fresh = append(f.fresh, seq)
		}
	}
	for _, seq := range damaged {
		if seq >= f.from {
			f.Seqs = append(f.Seqs, seq)
		}
	}
	for exchange, seq := range loose {
		if seq >= f.from {
			f.loose[looseRecord{exchange, seq}] = true
		}
	}
}

func (v *view) findSealed(f *finding) error {
	newest := indexChain{}
	known := make([]*knownIndex, len(v.sealed))
	for i, s := range slices.Backward(v.sealed) {
		end := v.end(i)
		if end <= f.from {
			break
		}
		x, err := v.index(s, end, &newest)
		if err != nil {
			return err
		}
		known[i] = x
	}
	for _, x := range known {
		if x == nil {
			continue
		}
		seqs, err := indexed(x.table, indexSession, f.id)
		if err != nil {
			return err
		}
		loose, err := looseIn(x.table)
		if err != nil {
			return err
		}
		f.took(seqs, x.damaged, loose)
	}
	if seq, gone := v.goneAtFront(); gone && seq >= f.from {
		f.Seqs = append(f.Seqs, seq) // it speaks for those after it
	}
	return nil
}

// goneAtFront is the first record of those that are gone before all that is
// there. Behind a segment it is known by where the next one begins.
func (v *view) goneAtFront() (seq uint64, gone bool) {
	first := v.base
	if len(v.sealed) > 0 {
		first = v.sealed[0].first
	}
	for _, g := range v.holes {
		if g.has(seq) {
			seq = g.End
		}
	}
	return seq, seq < first && first != noLimit
}

func (v *view) findOpen(f *finding) error {
	t := &v.reader.tail
	moved := false
	err := t.look(v, func() {
		t.find(f)
		// What a checkpoint is signed for was there before. Looked for once more, it
		// is found, or it is gone.
		switch gone := v.promised > t.next(); {
		case v.beyond == 0:
		case gone && v.retried:
			f.Seqs = append(f.Seqs, t.next()) // it speaks for those after it, too
		case gone || v.promised == 0:
			moved = true
		}
	})
	if err == nil && moved {
		return errMoved
	}
	return err
}

// find finds a session's records in the open segments.
func (t *openTail) find(f *finding) {
	for _, file := range t.files {
		end := file.next()
		if end <= f.from {
			continue
		}
		var seqs, damaged []uint64
		if set := file.table.sessions[string(f.id)]; set != nil {
			seqs = set.below(end)
		}
		for i := range file.records {
			if file.records[i].fault != "" {
				damaged = append(damaged, file.first+uint64(i))
			}
		}
		f.took(seqs, damaged, func(yield func(string, uint64) bool) {
			for exchange, set := range file.table.exchanges {
				for _, seq := range set.below(end) {
					if !yield(exchange, seq) {
						return
					}
				}
			}
		})
	}
	if t.fault != "" && t.next() > t.tree.size {
		f.Seqs = append(f.Seqs, t.tree.size) // it speaks for those after it
	}
	f.Next = t.next()
}

// join finds, among records that are known by their exchange only, those of the
// session's exchanges, once there are any to be found.
func (v *view) join(f *finding) error {
	if len(f.own) == 0 || len(f.loose) == 0 {
		return nil
	}
	where := f.fresh
	if f.exchanges == nil {
		f.exchanges, where = map[string]bool{}, f.own
	}
	slices.Sort(where)
	err := v.entries(where, func(e Entry) error {
		if _, exchange := record.Belonging(e.Raw); exchange != nil {
			f.exchanges[string(exchange)] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	for r := range f.loose {
		if f.exchanges[r.exchange] {
			f.fresh = append(f.fresh, r.seq)
			delete(f.loose, r)
		}
	}
	return nil
}

// indexChain is what the indexes after one say of it. It is walked from the
// newest to the oldest.
type indexChain struct {
	first  uint64 // of the segment after; 0: there is none
	before [sha256.Size]byte
}

// index is what is known of a sealed segment: from its index, if somebody
// vouches for that whose word counts, or else from the segment itself.
func (v *view) index(s segment, end uint64, newest *indexChain) (*knownIndex, error) {
	known, err := v.signedIndex(s, end, newest)
	if known != nil || err != nil {
		return known, err
	}
	if known, err = v.scan(s, end); err != nil {
		return nil, err
	}
	v.reader.keep(s, known)
	return known, nil
}

// signedIndex is what is known of a sealed segment without reading it: nil if
// that is nothing.
func (v *view) signedIndex(s segment, end uint64, newest *indexChain) (*knownIndex, error) {
	if x := v.reader.known(s); x != nil && x.end == end {
		*newest = indexChain{s.first, x.before}
		return x, nil
	}
	x, err := readIndex(v.src, s.first, v.keys)
	if v.ctx.Err() != nil {
		return nil, v.ctx.Err()
	}
	if err != nil || x.end != end || x.by.until != noLimit && (newest.first != x.end || newest.before != x.digest()) {
		*newest = indexChain{}
		return nil, nil
	}
	*newest = indexChain{s.first, x.before}
	known := &knownIndex{end: end, table: x.table, before: x.before}
	v.reader.keep(s, known)
	return known, nil
}

// scan makes up for an index that is not there. What is not as it was signed may
// be of any session.
func (v *view) scan(s segment, end uint64) (*knownIndex, error) {
	known, table := &knownIndex{end: end}, newIndexTable()
	err := v.sealedEntries(s, end, nil, func(e Entry) error {
		if e.Proof == Damaged {
			known.damaged = append(known.damaged, e.Seq)
		} else {
			table.add(e.Seq, e.Raw)
		}
		return nil
	})
	known.table = table.text()
	return known, err
}
