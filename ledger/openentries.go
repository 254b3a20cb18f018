package ledger

import (
	"errors"
	"io"
	"io/fs"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// openEntry is a record of the open segments, as it was found.
type openEntry struct {
	Entry
	openRecord
	in segment
}

// openEntries reads records of the open segments.
func (v *view) openEntries(seqs []uint64, fn func(Entry) error) error {
	all := make([]openEntry, 0, len(seqs))
	t := &v.reader.tail
	err := t.look(v, func() {
		for _, seq := range seqs {
			all = append(all, t.entry(seq))
		}
	})
	if err != nil {
		return err
	}
	lines := openLines{view: v}
	defer lines.close()
	for _, e := range all {
		if e.Proof != Damaged {
			if e.Raw, err = lines.read(e.in, e.Seq, e.openRecord); err != nil {
				return err
			}
			if tlog.RecordHash(e.Raw) != e.hash {
				e.Entry = damaged(e.Seq, e.in.name, "it was changed since it was read first")
			}
		}
		if err := fn(e.Entry); err != nil {
			return err
		}
	}
	return nil
}

// entry is a record without its line.
func (t *openTail) entry(seq uint64) openEntry {
	f, rec := t.record(seq)
	if rec == nil {
		return openEntry{Entry: damaged(seq, "", "it is gone")}
	}
	e := openEntry{Entry{Seq: seq, Segment: f.name}, *rec, f.segment}
	e.Proof, e.Fault = t.proof(seq, rec)
	return e
}

// openLines reads lines of open segments, where they were found.
type openLines struct {
	*view
	in   segment
	file io.ReadCloser
	at   int64

	batches io.Closer
	lines   *lineReader // of batches
	next    uint64      // the record that comes next in them
}

func (l *openLines) close() {
	if l.file != nil {
		l.file.Close()
	}
	if l.batches != nil {
		l.batches.Close()
	}
	l.file, l.batches = nil, nil
}

// batched reads a record out of batches, on from the one before if that is near:
// to open them takes a look through all names, and fetches some ahead. An offset
// is no help, since it is one from where they were read then.
func (l *openLines) batched(folder *StoreFolder, in segment, seq uint64, rec openRecord) (line []byte, err error) {
	if l.batches != nil && in == l.in && l.next <= seq && seq-l.next < readAhead {
		if line, err = l.upTo(seq); err == nil && tlog.RecordHash(line) == rec.hash {
			return line, nil
		}
	}
	l.close()
	if l.batches, l.lines, err = folder.linesFrom(in, seq); err != nil {
		return nil, err
	}
	l.in, l.next = in, seq
	return l.upTo(seq)
}

func (l *openLines) upTo(seq uint64) (line []byte, err error) {
	for ; l.next <= seq; l.next++ {
		if line, _, err = l.lines.next(); err != nil {
			return nil, err
		}
	}
	return slices.Clone(line), nil
}

func (l *openLines) read(in segment, seq uint64, rec openRecord) ([]byte, error) {
	if folder := inBatches(l.src); folder != nil {
		return l.batched(folder, in, seq, rec)
	}
	if in != l.in || l.at > rec.off {
		l.close()
		var err error
		if l.file, err = openSegmentFile(l.src, in); errors.Is(err, fs.ErrNotExist) {
			return nil, errMoved
		} else if err != nil {
			return nil, err
		}
		l.in, l.at = in, 0
	}
	if err := seek(l.file, l.at, rec.off); err != nil {
		return nil, err
	}
	line := make([]byte, rec.size)
	_, err := io.ReadFull(l.file, line)
	l.at = rec.off + int64(rec.size)
	return line, err
}

// seek goes from one byte of a file to a later one.
func seek(f io.Reader, at, to int64) error {
	if s, ok := f.(io.Seeker); ok {
		_, err := s.Seek(to, io.SeekStart)
		return err
	}
	_, err := io.CopyN(io.Discard, f, to-at)
	return err
}
