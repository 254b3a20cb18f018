package ledger

import (
	"errors"
	"io"
	"io/fs"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// begunTail is where a tail begins: at the sealed records.
type begunTail struct {
	tree  frontier
	fault string // why what was sealed proves nothing
}

func beginTail(v *view) (*begunTail, error) {
	b := &begunTail{}
	if v.base == 0 || v.base == noLimit {
		return b, nil
	}
	signed, err := v.read(checkpointName(v.base))
	if err == nil {
		var c checkpoint
		if c, err = openCheckpoint(signed, v.keys); err == nil {
			var tiles *tiling
			if tiles, _, err = loadTiling(c, v.read); err == nil {
				b.tree = tiles.frontier()
			}
		}
	}
	if v.ctx.Err() != nil {
		return nil, v.ctx.Err()
	}
	if err != nil || b.tree.size != v.base {
		b = &begunTail{frontier{size: v.base}, "what was sealed before it cannot be proven"}
	}
	return b, nil
}

// newestCheckpoint reads the newest checkpoint that the key in force signed;
// nil when there is none.
func newestCheckpoint(v *view) (*checkpoint, error) {
	signed, err := readSmall(besideOf(v.src).open(latestCheckpoint))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errMisnamed) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if c, err := v.keys.openInForce(signed); err == nil {
		return &c, nil
	}
	return nil, nil // of another key: it vouches for nothing more
}

// mark is how far an open segment was read.
type mark struct {
	off  int64
	next uint64
}

// rawLine is a line of an open segment, and where it begins and ends.
type rawLine struct {
	text     []byte
	off, end int64
}

// pieceBytes is about how much is read before the other readers have it too.
const pieceBytes = 1 << 20

// readOn reads a segment on from where it was left.
func (t *openTail) readOn(v *view, f *openFile) error {
	// Who writes the log knows where it ends, and need not read through the
	// zeros behind that to find out.
	end := uint64(noLimit)
	if size := v.reader.size; size != nil {
		end = size()
	}
	for {
		at, full := t.left(f, end)
		if full {
			return nil
		}
		if over, err := t.readFrom(v, f, at, end); over || err != nil {
			return err
		}
	}
}

// left says where a segment was left, and whether all of it was read up to
// record end.
func (t *openTail) left(f *openFile, end uint64) (at mark, full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return f.mark(), f.isFull(end)
}

func (f *openFile) isFull(end uint64) bool { return f.next() >= min(f.limit, end) }

func (f *openFile) mark() mark { return mark{f.off, f.next()} }

// readFrom reads a segment to its end, which is no later than record end, or
// until another reader was faster.
func (t *openTail) readFrom(v *view, f *openFile, at mark, end uint64) (over bool, err error) {
	r, lines, err := openAt(v, f.segment, at)
	if err != nil {
		return false, err
	}
	defer r.Close()
	for {
		piece, why := readPiece(lines, end-at.next)
		taken, full := t.takeIn(f, &at, end, piece)
		switch {
		case full || taken && (why == io.EOF || why == errTail || why == errLong):
			return true, nil
		case !taken:
			return false, nil
		case why != nil:
			return false, why
		case v.ctx.Err() != nil:
			return false, v.ctx.Err()
		}
	}
}

// openAt opens a segment where its records were not read yet.
func openAt(v *view, s segment, at mark) (io.Closer, *lineReader, error) {
	if folder := inBatches(v.src); folder != nil {
		return folder.linesFrom(s, at.next)
	}
	r, err := openSegmentFile(v.src, s)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, errMoved
	}
	if err != nil {
		return nil, nil, err
	}
	if err := seek(r, 0, at.off); err != nil {
		r.Close()
		return nil, nil, err
	}
	lines := newLineReader(r)
	lines.off, lines.lenient = at.off, true
	return r, lines, nil
}

// readPiece reads some lines, at most so many, and says why there are no more.
func readPiece(lines *lineReader, most uint64) (piece []rawLine, err error) {
	for size := 0; size < pieceBytes && uint64(len(piece)) < most; {
		line, off, err := lines.next()
		if err != nil {
			return piece, err
		}
		piece = append(piece, rawLine{slices.Clone(line), off, lines.off})
		size += len(line)
	}
	return piece, nil
}

// takeIn takes in what was read from a mark on, and moves that, unless another
// reader was faster. It says whether the segment is full, up to record end.
func (t *openTail) takeIn(f *openFile, at *mark, end uint64, piece []rawLine) (taken, full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.mark() == *at {
		for _, line := range piece {
			if f.next() >= f.limit {
				break
			}
			f.take(line)
		}
		*at, taken = f.mark(), true
	}
	return taken, f.isFull(end)
}

// take takes in the segment's next line.
func (f *openFile) take(line rawLine) {
	f.off = line.end
	seq := f.next()
	rec := openRecord{hash: tlog.RecordHash(line.text), off: line.off, size: int32(len(line.text))}
	h, ok := parseHead(line.text)
	if ok && seq > 0 {
		rec.prev, ok = h.prevHash()
	}
	switch {
	case !ok:
		rec.fault = "it does not begin as records do"
	case h.seq < seq:
		return // nothing of the log's
	case h.seq > seq && h.seq < min(f.limit, seq+mostClaimed):
		for ; seq < h.seq; seq++ {
			f.records = append(f.records, openRecord{fault: "it is gone"})
		}
	case h.seq != seq:
		rec.fault = "it says that it is another"
	}
	f.records = append(f.records, rec)
	f.table.add(seq, line.text)
}
