package ledger

import (
	"fmt"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// openTail is what the open segments hold, each record held against the ones
// beside it and against the newest checkpoint. What was read once is not read
// again, however often it is looked at.
type openTail struct {
	reading turns

	mu    sync.Mutex // never held while anything is read
	base  uint64     // records before it were sealed
	files []*openFile

	tree   frontier // of what a checkpoint vouches for, or the sealed records
	since  checkpoint
	signed uint64 // records before it a checkpoint of the key in force vouches for; 0: none
	fault  string // why no checkpoint vouches for more: it contradicts what is there
}

// openFile is one open segment.
type openFile struct {
	segment
	limit   uint64 // the next one's first record
	off     int64  // what was read of it
	records []openRecord
	table   *indexTable
}

// openRecord is a line of an open segment, as it was found.
type openRecord struct {
	hash, prev tlog.Hash
	off        int64
	size       int32
	fault      string // what is wrong with it; empty: nothing is known
}

func (f *openFile) next() uint64 { return f.first + uint64(len(f.records)) }

// next is the record that comes after those that were read.
func (t *openTail) next() uint64 {
	if n := len(t.files); n > 0 {
		return t.files[n-1].next()
	}
	if t.base == noLimit {
		return 0
	}
	return t.base
}

// look reads what is new, and has do look at all that is there, which stays as
// it is meanwhile.
func (t *openTail) look(v *view, do func()) error {
	done, err := t.reading.take(v.ctx)
	if err != nil {
		return err
	}
	defer done()
	files, err := t.follow(v)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := t.readOn(v, f); err != nil {
			return err
		}
	}
	c, err := newestCheckpoint(v)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// Another reader has seen a seal, or a new segment: then the one before may
	// have got more than was read of it here.
	if t.base != v.base || !slices.Equal(t.files, files) {
		return errMoved
	}
	v.beyond = 0
	if c != nil && t.base != noLimit && c.size > t.next() {
		v.beyond = c.size
	}
	t.hold(c)
	do()
	return nil
}

// follow has the tail's segments be those of the view.
func (t *openTail) follow(v *view) ([]*openFile, error) {
	var begun *begunTail
	for {
		files, behind, err := t.match(v, begun)
		if !behind {
			return files, err
		}
		if begun, err = beginTail(v); err != nil {
			return nil, err
		}
	}
}

// match does so for [openTail.follow]. It says whether the tail is behind the
// view: then it must begin anew, as begun says.
func (t *openTail) match(v *view, begun *begunTail) (files []*openFile, behind bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.base > v.base { // the view is from before a seal, or the log is another
		if !v.retried {
			return nil, false, errMoved
		}
		t.files = nil
	}
	if t.isBehind(v) {
		if begun == nil {
			return nil, true, nil
		}
		t.files = nil
		t.tree, t.since, t.signed, t.fault = begun.tree, checkpoint{}, 0, begun.fault
	}
	t.base = v.base
	t.files = slices.DeleteFunc(t.files, func(f *openFile) bool { return f.first < v.base })
	for i, s := range v.open {
		if i == len(t.files) {
			t.files = append(t.files, &openFile{segment: s, limit: noLimit, table: newIndexTable()})
		}
		f := t.files[i]
		if f.segment != s {
			t.files = nil
			return nil, false, errMoved
		}
		if i+1 < len(v.open) {
			f.limit = v.open[i+1].first
		}
		// What an abandoned segment has behind that was never acknowledged.
		if most := f.limit - f.first; uint64(len(f.records)) > most {
			f.records = f.records[:most]
		}
	}
	if len(t.files) > len(v.open) { // the view is from before a segment, or that is gone
		if v.retried {
			t.files = nil
		}
		return nil, false, errMoved
	}
	return slices.Clone(t.files), false, nil
}

// isBehind says whether what was read does not reach the view's open segments.
func (t *openTail) isBehind(v *view) bool {
	return t.next() < v.base || t.tree.size < v.base || len(t.files) == 0
}

// record is what was found of a record; nil: nothing.
func (t *openTail) record(seq uint64) (*openFile, *openRecord) {
	for _, f := range t.files {
		if seq >= f.first && seq < f.next() {
			return f, &f.records[seq-f.first]
		}
	}
	return nil, nil
}

// hold holds what was read against a checkpoint in force; nil: there is none.
func (t *openTail) hold(c *checkpoint) {
	if c == nil || *c == t.since || c.size < t.tree.size || c.size > t.next() {
		return // of what is not read yet: then it vouches for nothing more
	}
	t.since = *c
	// A record must be what the one after it says; but not if that one was
	// changed itself.
	for _, trustChanged := range []bool{true, false} {
		tree := t.tree
		for seq := tree.size; seq < c.size; seq++ {
			tree.add(t.must(seq, trustChanged))
		}
		if tree.root() != c.root {
			continue
		}
		for seq := t.tree.size; seq < c.size; seq++ {
			if _, rec := t.record(seq); rec != nil && rec.fault == "" && rec.hash != t.must(seq, trustChanged) {
				rec.fault = "it is changed"
			}
		}
		t.tree, t.signed, t.fault = tree, c.size, ""
		return
	}
	if t.fault == "" {
		t.fault = fmt.Sprintf("one or more of records %d to %d are not those that were signed, and nothing tells which", t.tree.size, c.size-1)
	}
}

// must is what a record's hash must be, by the record after it.
func (t *openTail) must(seq uint64, trustChanged bool) tlog.Hash {
	_, rec := t.record(seq)
	_, after := t.record(seq + 1)
	if rec == nil {
		rec = &openRecord{}
	}
	if after == nil || after.hash == (tlog.Hash{}) || after.prev == (tlog.Hash{}) {
		return rec.hash
	}
	if !trustChanged && rec.fault == "" {
		if _, behind := t.record(seq + 2); behind != nil && behind.prev != after.hash {
			return rec.hash
		}
	}
	return after.prev
}

// confirms says whether a checkpoint in force is of a tree that begins with the
// one that c is of, which is the sealed records'.
func (t *openTail) confirms(v *view, c checkpoint) (yes bool) {
	tiles, _, err := loadTiling(c, v.read)
	if err != nil || c.size != v.base {
		return false
	}
	err = t.look(v, func() { yes = len(t.files) > 0 && t.signed > c.size && t.began(tiles.frontier(), c.size) })
	return err == nil && yes
}

// began says whether the tree that was signed begins with that of size records.
func (t *openTail) began(tree frontier, size uint64) bool {
	for seq := size; seq < t.signed; seq++ {
		tree.add(t.must(seq, true))
	}
	return t.since.size == t.signed && tree.root() == t.since.root
}

// proof says how far a record can be trusted.
func (t *openTail) proof(seq uint64, rec *openRecord) (Proof, string) {
	switch {
	case rec.fault != "":
		return Damaged, rec.fault
	case seq < t.signed:
		return Signed, ""
	case t.fault != "":
		return Damaged, t.fault
	}
	if _, before := t.record(seq - 1); seq > 0 && before != nil && rec.prev != before.hash && before.fault == "" {
		return Damaged, fmt.Sprintf("it does not follow record %d", seq-1)
	}
	return Unsigned, ""
}
