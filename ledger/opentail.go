package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// openTail is what the open segments hold, each record held against the ones
// beside it and against the newest checkpoint. What was read once is not read
// again, however often it is looked at.
type openTail struct {
	mu    sync.Mutex
	files []*openFile
	next  uint64 // records before it were read

	tree   frontier // of what a checkpoint vouches for, or the sealed records
	since  checkpoint
	signed uint64 // records before it a checkpoint of the key in force vouches for; 0: none
	fault  string // why no checkpoint vouches for more: it contradicts what is there
}

// openFile is one open segment.
type openFile struct {
	segment
	off     int64 // what was read of it
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

// update reads what is new.
func (t *openTail) update(v *view) error {
	if t.next < v.base || t.tree.size < v.base || len(t.files) == 0 {
		if err := t.begin(v); err != nil {
			return err
		}
	}
	t.files = slices.DeleteFunc(t.files, func(f *openFile) bool { return f.first < v.base })
	for i, s := range v.open {
		limit := noLimit
		if i+1 < len(v.open) {
			limit = v.open[i+1].first
		}
		if i == len(t.files) {
			t.files = append(t.files, &openFile{segment: s, table: newIndexTable()})
			// What an abandoned segment has behind that was never acknowledged.
			t.next = s.first
		}
		f := t.files[i]
		if f.segment != s {
			t.files = nil
			return errMoved
		}
		if have := limit - s.first; uint64(len(f.records)) > have {
			f.records = f.records[:have]
		}
		// Who writes the log knows where it ends, and need not read through the
		// zeros behind that to find out.
		if size := v.reader.size; size != nil && limit == noLimit {
			limit = max(s.first, size())
		}
		if s.first+uint64(len(f.records)) == limit {
			continue
		}
		if err := t.readFile(v, f, limit); err != nil {
			return err
		}
	}
	return t.hold(v)
}

// begin begins anew, at the sealed records.
func (t *openTail) begin(v *view) error {
	t.files, t.next, t.signed, t.fault, t.since = nil, v.base, 0, "", checkpoint{}
	t.tree = frontier{}
	if v.base == 0 || v.base == noLimit {
		return nil
	}
	signed, err := v.read(checkpointName(v.base))
	if err == nil {
		var c checkpoint
		if c, err = openCheckpoint(signed, v.keys); err == nil {
			var tiles *tiling
			if tiles, _, err = loadTiling(c, v.read); err == nil {
				t.tree = tiles.frontier()
			}
		}
	}
	if v.ctx.Err() != nil {
		return v.ctx.Err()
	}
	if err != nil || t.tree.size != v.base {
		t.tree = frontier{size: v.base}
		t.fault = "what was sealed before it cannot be proven"
	}
	return nil
}

// readFile reads a segment on from where it was left, up to record limit.
func (t *openTail) readFile(v *view, f *openFile, limit uint64) error {
	r, lines, err := f.on(v)
	if err != nil {
		return err
	}
	defer r.Close()
	var hasher leafHasher
	for f.first+uint64(len(f.records)) < limit {
		line, off, err := lines.next()
		if err == io.EOF || err == errTail {
			break
		}
		if err != nil {
			return err
		}
		f.off = lines.off
		seq := f.first + uint64(len(f.records))
		rec := openRecord{hash: hasher.sum(line), off: off, size: int32(len(line))}
		h, ok := parseHead(line)
		if ok && seq > 0 {
			rec.prev, ok = h.prevHash()
		}
		switch {
		case !ok:
			rec.fault = "it does not begin as records do"
		case h.seq < seq:
			continue // nothing of the log's
		case h.seq > seq && h.seq < min(limit, seq+mostClaimed):
			for ; seq < h.seq; seq++ {
				f.records = append(f.records, openRecord{fault: "it is gone"})
			}
		case h.seq != seq:
			rec.fault = "it says that it is another"
		}
		f.records = append(f.records, rec)
		f.table.add(seq, line)
	}
	t.next = f.first + uint64(len(f.records))
	return nil
}

// on opens a segment where its records were not read yet.
func (f *openFile) on(v *view) (io.Closer, *lineReader, error) {
	next := f.first + uint64(len(f.records))
	folder := inBatches(v.src)
	if folder != nil {
		return folder.linesFrom(f.segment, next)
	}
	r, err := openSegmentFile(v.src, f.segment)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, errMoved
	}
	if err != nil {
		return nil, nil, err
	}
	if err := seek(r, 0, f.off); err != nil {
		r.Close()
		return nil, nil, err
	}
	lines := newLineReader(r)
	lines.off, lines.lenient = f.off, true
	return r, lines, nil
}

// record is what was found of a record; nil: nothing.
func (t *openTail) record(seq uint64) (*openFile, *openRecord) {
	for _, f := range t.files {
		if seq >= f.first && seq < f.first+uint64(len(f.records)) {
			return f, &f.records[seq-f.first]
		}
	}
	return nil, nil
}

// hold holds what was read against the newest checkpoint.
func (t *openTail) hold(v *view) error {
	signed, err := readSmall(besideOf(v.src).open(latestCheckpoint))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := v.keys.openInForce(signed)
	if err != nil || c == t.since || c.size < t.tree.size || c.size > t.next {
		return nil // of another key, or of what is not read yet: then it vouches for nothing more
	}
	t.since = c
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
		return nil
	}
	if t.fault == "" {
		t.fault = fmt.Sprintf("one or more of records %d to %d are not those that were signed, and nothing tells which", t.tree.size, c.size-1)
	}
	return nil
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
func (t *openTail) confirms(v *view, c checkpoint) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.update(v) == nil && c.size == v.base && t.signed > c.size && t.began(v, c)
}

// began says whether the tree was begun with c's records.
func (t *openTail) began(v *view, c checkpoint) bool {
	tiles, _, err := loadTiling(c, v.read)
	if err != nil || len(t.files) == 0 {
		return false
	}
	tree := tiles.frontier()
	for seq := c.size; seq < t.signed; seq++ {
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
