package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// period is the earliest and the latest time in a segment.
type period struct{ from, until time.Time }

// add takes in the time of one more record.
func (s *period) add(at time.Time) {
	if s.from.IsZero() || at.Before(s.from) {
		s.from = at
	}
	if at.After(s.until) {
		s.until = at
	}
}

// examine reads a segment that ends before record end, for its times, and holds
// each line against what a checkpoint is signed for. What is wrong with it goes
// into what; an error is the context's.
func (r *purging) examine(s segment, end uint64, what *Purged) (times period, err error) {
	err = r.readPeriod(s, end, &times)
	var fault *storeFault
	switch {
	case err == nil:
	case r.src.ctx.Err() != nil:
		return times, r.src.ctx.Err()
	case errors.As(err, &fault):
		what.keep(KeptUnread, "it cannot be read now: %v", err)
	default:
		what.keep(KeptDamaged, "%v: run caddy rec verify", err)
	}
	return times, nil
}

func (r *purging) readPeriod(s segment, end uint64, times *period) (err error) {
	if r.proof == nil {
		if r.proof, err = r.newLeafProof(r.sealed[len(r.sealed)-1].first); err != nil {
			return err
		}
	}
	if _, err := r.proof.leaf(s.first, end); err != nil { // before anything is unpacked
		return err
	}
	f, err := openSegmentFile(r, s)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := newLineReader(f)
	var hasher leafHasher
	next := s.first
	for {
		line, _, err := lines.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("it is damaged at record %d: %w", next, err)
		}
		if next == end {
			return fmt.Errorf("it goes on behind record %d, its last", end-1)
		}
		signed, err := r.proof.leaf(next, end)
		if err != nil {
			return err
		}
		if hasher.sum(line) != signed {
			return fmt.Errorf("it is damaged at record %d", next)
		}
		times.add(recordTime(line))
		next++
	}
	if next != end {
		return fmt.Errorf("it ends before record %d, not before %d", next, end)
	}
	return nil
}

// storeFault is an error of the store's that may pass.
type storeFault struct{ error }

func (e *storeFault) Unwrap() error { return e.error }

// open implements [source], and marks what may pass.
func (r *purging) open(name string) (io.ReadCloser, error) {
	f, err := r.src.open(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = &storeFault{err}
	}
	return f, err
}

// list implements [source].
func (r *purging) list(folder string) ([]string, error) {
	names, err := r.src.list(folder)
	if err != nil {
		err = &storeFault{err}
	}
	return names, err
}

// leafProof gives the leaf hashes of sealed records, as a signed checkpoint and
// the tiles prove them.
type leafProof struct {
	size   uint64
	reader tlog.HashReader
	from   uint64 // of window
	window []tlog.Hash
}

// windowTiles is how many leaf tiles are read at once.
const windowTiles = 64

// newLeafProof finds the newest stored checkpoint of at most limit records
// whose tiles are there. In an intact log that is the one at limit, where a
// sealed segment begins.
func (r *purging) newLeafProof(limit uint64) (*leafProof, error) {
	sizes, err := storedSizes(r)
	if err != nil {
		return nil, err
	}
	read := func(path string) ([]byte, error) { return readSmall(r.open(path)) }
	tried, fault := 0, errors.New("no checkpoint is there that is signed for it")
	for _, size := range slices.Backward(sizes) {
		if size == 0 || tried == candidates {
			break
		}
		if size > limit {
			continue
		}
		tried++
		p, err := openLeafProof(size, read, r.log.signing.ring())
		if err == nil {
			return p, nil
		}
		fault = fmt.Errorf("%s does not vouch for it: %w", checkpointName(size), err)
	}
	return nil, fault
}

func openLeafProof(size uint64, read func(string) ([]byte, error), keys keyring) (*leafProof, error) {
	signed, err := read(checkpointName(size))
	if err != nil {
		return nil, err
	}
	c, err := openCheckpoint(signed, keys)
	if err != nil {
		return nil, err
	}
	if c.size != size {
		return nil, fmt.Errorf("it is of %d records", c.size)
	}
	p := &leafProof{size: size, reader: tlog.TileHashReader(tlog.Tree{N: int64(size), Hash: c.root}, tileReader(read))}
	_, err = p.reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(size)-1)})
	return p, err
}

// leaf is the hash of a record. Those after it, up to record end, are read with
// it.
func (p *leafProof) leaf(seq, end uint64) (tlog.Hash, error) {
	if seq < p.from || seq >= p.from+uint64(len(p.window)) {
		last := min(end, p.size, (seq/tileWidth+windowTiles)*tileWidth)
		if seq >= last {
			return tlog.Hash{}, fmt.Errorf("no checkpoint whose tiles are intact is signed for record %d", seq)
		}
		at := make([]int64, 0, last-seq)
		for n := seq; n < last; n++ {
			at = append(at, tlog.StoredHashIndex(0, int64(n)))
		}
		hashes, err := p.reader.ReadHashes(at)
		if err != nil {
			return tlog.Hash{}, fmt.Errorf("the tiles do not tell what its records were: %w", err)
		}
		p.from, p.window = seq, hashes
	}
	return p.window[seq-p.from], nil
}

// examinedMost bounds how many segments' times are remembered.
const examinedMost = 1 << 14

// examined remembers the times of intact segments, so that those that stay are
// not unpacked each time. Before one goes it is read again.
type examined struct {
	mu    sync.Mutex
	times map[string]period
}

func (e *examined) of(name string) (s period, known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, known = e.times[name]
	return s, known
}

func (e *examined) keep(name string, s period) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.times == nil {
		e.times = map[string]period{}
	}
	if _, known := e.times[name]; !known && len(e.times) == examinedMost {
		for other := range e.times { // any: it is read again when it is needed
			delete(e.times, other)
			break
		}
	}
	e.times[name] = s
}

func (e *examined) forget(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.times, name)
}
