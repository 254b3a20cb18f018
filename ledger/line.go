package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// maxLine bounds a record's line, in bytes.
const maxLine = 64 << 20

// head is the beginning of every line, as the committer writes it:
// {"seq":N,"prev":"<base64>","log":"<name>",
type head struct {
	seq  uint64
	prev []byte // base64, empty for the first record
	log  []byte
}

const prevLen = 44 // a hash in base64

func appendHead(dst []byte, seq uint64, prev tlog.Hash, log string) []byte {
	dst = append(dst, `{"seq":`...)
	dst = strconv.AppendUint(dst, seq, 10)
	dst = append(dst, `,"prev":"`...)
	if seq > 0 {
		dst = base64.StdEncoding.AppendEncode(dst, prev[:])
	}
	dst = append(dst, `","log":"`...)
	dst = append(dst, log...)
	return append(dst, `",`...)
}

// parseHead reads the beginning of a line, and says whether it is one that the
// committer could have written.
func parseHead(line []byte) (h head, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(`{"seq":`))
	if !ok {
		return h, false
	}
	i := bytes.IndexByte(rest, ',')
	if i < 1 || i > 19 || i > 1 && rest[0] == '0' {
		return h, false
	}
	for _, c := range rest[:i] {
		if c < '0' || c > '9' {
			return h, false
		}
		h.seq = h.seq*10 + uint64(c-'0')
	}
	if rest, ok = bytes.CutPrefix(rest[i:], []byte(`,"prev":"`)); !ok {
		return h, false
	}
	if i = bytes.IndexByte(rest, '"'); i != prevLen && !(i == 0 && h.seq == 0) {
		return h, false
	}
	h.prev = rest[:i]
	if rest, ok = bytes.CutPrefix(rest[i:], []byte(`","log":"`)); !ok {
		return h, false
	}
	if i = bytes.IndexByte(rest, '"'); i < 1 {
		return h, false
	}
	h.log = rest[:i]
	return h, bytes.HasPrefix(rest[i:], []byte(`","`)) && line[len(line)-1] == '}'
}

// follows says whether h is the head of the record after the one of that hash.
func (h head) follows(seq uint64, prev tlog.Hash) bool {
	if h.seq != seq {
		return false
	}
	if seq == 0 {
		return len(h.prev) == 0
	}
	var want [prevLen]byte
	base64.StdEncoding.Encode(want[:], prev[:])
	return bytes.Equal(h.prev, want[:])
}

func (h head) prevHash() (tlog.Hash, bool) {
	var b [prevLen]byte
	n, err := base64.StdEncoding.Decode(b[:], h.prev)
	if err != nil || n != tlog.HashSize {
		return tlog.Hash{}, false
	}
	return tlog.Hash(b[:tlog.HashSize]), true
}

// leafHasher hashes lines without their newline, as RFC 6962 leaves; the same
// as tlog.RecordHash, without an allocation for each.
type leafHasher struct {
	h   hash.Hash
	out tlog.Hash
}

var leafPrefix = []byte{0}

func (l *leafHasher) sum(line []byte) tlog.Hash {
	if l.h == nil {
		l.h = sha256.New()
	}
	l.h.Reset()
	l.h.Write(leafPrefix)
	l.h.Write(line)
	l.h.Sum(l.out[:0])
	return l.out
}

// errTail says that the intact lines end before the file does: at a NUL, or at
// a line that is not complete.
var errTail = errors.New("the segment's last line is not complete")

// errLong says that a line is none of a record's.
var errLong = fmt.Errorf("it has a line of more than %d MiB, which no record is", maxLine>>20)

// lineReader gives a segment's lines one by one.
type lineReader struct {
	r          io.Reader
	buf        []byte
	start, end int
	off        int64 // of buf[start] in the segment
	eof        bool
	err        error
	lenient    bool // NULs are of the line they are in; only those at the very end are not
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: r, buf: make([]byte, 256<<10)}
}

// next returns the next line, without its newline, and where it begins. The
// line is valid until the next call. After the last one the error is io.EOF,
// or errTail when there is more, which is no line, or errLong.
func (l *lineReader) next() (line []byte, off int64, err error) {
	scanned := l.start
	for {
		if i := bytes.IndexByte(l.buf[scanned:l.end], '\n'); i >= 0 {
			i += scanned
			line, off = l.buf[l.start:i], l.off
			if !l.lenient && bytes.IndexByte(line, 0) >= 0 {
				return nil, off, errTail
			}
			l.start, l.off = i+1, off+int64(i+1-l.start)
			return line, off, nil
		}
		if !l.lenient && bytes.IndexByte(l.buf[scanned:l.end], 0) >= 0 {
			return nil, l.off, errTail
		}
		if l.eof {
			if len(bytes.TrimRight(l.buf[l.start:l.end], "\x00")) == 0 {
				return nil, l.off, io.EOF
			}
			return nil, l.off, errTail
		}
		scanned = l.end - l.start
		if err := l.fill(); err != nil {
			return nil, l.off, err
		}
	}
}

// fill reads more; afterwards start is 0.
func (l *lineReader) fill() error {
	if l.end-l.start >= maxLine {
		return errLong
	}
	if l.start > 0 {
		copy(l.buf, l.buf[l.start:l.end])
		l.start, l.end = 0, l.end-l.start
	}
	if l.end == len(l.buf) {
		l.buf = append(l.buf, make([]byte, len(l.buf))...)
	}
	if l.err != nil {
		return l.err
	}
	n, err := l.r.Read(l.buf[l.end:])
	l.end += n
	switch {
	case err == io.EOF:
		l.eof = true
	case err != nil && n > 0:
		l.err = err // the lines before it first
	case err != nil:
		return err
	}
	return nil
}
