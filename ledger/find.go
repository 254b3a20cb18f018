package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/caddyrec/caddyrec/record"
)

// Found says where a session's records are.
type Found struct {
	// Seqs are its records, in order. Those of a segment without an index that
	// are damaged are among them, whosever they are: they may be the session's.
	Seqs []uint64
	// Next is the seq that the log's next record will have: from there on
	// nothing was looked at.
	Next uint64
}

// Session finds the records of one session, from seq from on: those that carry
// its id, and those that only carry an exchange that is of it, such as the votes
// on an approval that one of its requests needed. Sealed segments are found by
// their indexes, which are signed; one without is read.
//
// What a session did before from is not looked at, so that votes on what it had
// asked for before from are missed.
func (r *Reader) Session(ctx context.Context, id string, from uint64) (*Found, error) {
	var found *Found
	err := r.again(ctx, func(v *view) (err error) {
		found, err = v.session(record.Quoted(id), from)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for session %s: %w", id, err)
	}
	return found, nil
}

func (v *view) session(id []byte, from uint64) (*Found, error) {
	found := &Found{}
	var loose []func(exchange []byte) ([]uint64, error) // tables that know records by their exchange only
	var where []uint64                                  // the session's own records
	newest := indexChain{}
	known := make([]*knownIndex, len(v.sealed))
	for i, s := range slices.Backward(v.sealed) {
		end := v.end(i)
		if end <= from {
			break
		}
		x, err := v.index(s, end, &newest)
		if err != nil {
			return nil, err
		}
		known[i] = x
	}
	for _, x := range known {
		if x == nil {
			continue
		}
		seqs, err := indexed(x.table, indexSession, id)
		if err != nil {
			return nil, err
		}
		where = append(where, seqs...)
		found.Seqs = append(found.Seqs, x.damaged...)
		if hasLoose(x.table) {
			loose = append(loose, func(exchange []byte) ([]uint64, error) { return indexed(x.table, indexExchange, exchange) })
		}
	}
	t := &v.reader.tail
	t.mu.Lock()
	err := t.update(v)
	if err == nil {
		for _, f := range t.files {
			if len(f.table.exchanges) > 0 {
				loose = append(loose, func(exchange []byte) ([]uint64, error) {
					t.mu.Lock()
					defer t.mu.Unlock()
					return f.table.byExchange(exchange), nil
				})
			}
			if set := f.table.sessions[string(id)]; set != nil {
				where = slices.AppendSeq(where, set.all())
			}
			for i := range f.records {
				if f.records[i].fault != "" {
					found.Seqs = append(found.Seqs, f.first+uint64(i))
				}
			}
		}
		if t.fault != "" && t.next > t.tree.size {
			found.Seqs = append(found.Seqs, t.tree.size) // it speaks for those after it
		}
		found.Next = max(v.sealedNext(), t.next)
	}
	t.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if len(where) > 0 && len(loose) > 0 {
		more, err := v.byExchange(where, loose)
		if err != nil {
			return nil, err
		}
		where = append(where, more...)
	}
	found.Seqs = append(found.Seqs, where...)
	slices.Sort(found.Seqs)
	found.Seqs = slices.Compact(found.Seqs)
	begin, _ := slices.BinarySearch(found.Seqs, from)
	end, _ := slices.BinarySearch(found.Seqs, found.Next)
	found.Seqs = found.Seqs[begin:end]
	return found, nil
}

func (v *view) sealedNext() uint64 {
	if v.base == noLimit {
		return 0
	}
	return v.base
}

// byExchange finds, among records that are known by their exchange only, those
// of the exchanges that some records are of.
func (v *view) byExchange(where []uint64, loose []func([]byte) ([]uint64, error)) (seqs []uint64, err error) {
	seen := map[string]bool{}
	err = v.entries(where, func(e Entry) error {
		_, exchange := record.Belonging(e.Raw)
		if exchange == nil || seen[string(exchange)] {
			return nil
		}
		seen[string(exchange)] = true
		for _, look := range loose {
			more, err := look(exchange)
			if err != nil {
				return err
			}
			seqs = append(seqs, more...)
		}
		return nil
	})
	return seqs, err
}

// indexChain is what the indexes after one say of it. It is walked from the
// newest to the oldest.
type indexChain struct {
	first  uint64 // of the segment after; 0: there is none
	before [32]byte
}

// index is what is known of a sealed segment: from its index, if somebody
// vouches for that whose word counts, or else from the segment itself.
func (v *view) index(s segment, end uint64, newest *indexChain) (*knownIndex, error) {
	if x := v.reader.known(s); x != nil && x.end == end {
		*newest = indexChain{s.first, x.before}
		return x, nil
	}
	x, err := readIndex(v.src, s.first, v.keys)
	if v.ctx.Err() != nil {
		return nil, v.ctx.Err()
	}
	known := &knownIndex{end: end}
	if err == nil && x.end == end && (x.by.until == noLimit || newest.first == x.end && newest.before == x.digest()) {
		*newest = indexChain{s.first, x.before}
		known.table, known.before = x.table, x.before
	} else {
		*newest = indexChain{}
		if known, err = v.scan(s, end); err != nil {
			return nil, err
		}
	}
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
