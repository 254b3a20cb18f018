package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// listing is what files a log has.
type listing struct {
	sealed []segment
	open   []segment
	holes  []gap
	base   uint64 // records before it are sealed
}

// list lists a log. What was listed before is as good as long as the same
// segments are open.
func (r *Reader) list(src source) (*listing, error) {
	// The open ones first: what is sealed between is then in both lists.
	open, err := segments(src, openFolderName)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	before := r.listed
	r.mu.Unlock()
	if before != nil && len(open) > 0 && slices.Equal(open, before.open) {
		return before, nil
	}
	l := &listing{}
	if l.sealed, err = segments(src, sealedFolder); err != nil {
		return nil, err
	}
	l.sealed = slices.CompactFunc(l.sealed, func(a, b segment) bool { return a.first == b.first })
	if l.holes, err = gaps(src); err != nil {
		return nil, err
	}
	l.open, _ = withoutTwins(open, l.sealed)
	if len(l.open) > 0 {
		l.base = l.open[0].first
	} else if l.base, err = sealedSize(src, l.sealed); err != nil {
		return nil, err
	}
	if len(l.open) == len(open) {
		r.mu.Lock()
		r.listed = l
		r.mu.Unlock()
	}
	return l, nil
}

// forget has the next look list the log anew.
func (r *Reader) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listed = nil
}

// sealedSize is where the sealed records of a log without an open segment end.
func sealedSize(src source, sealed []segment) (uint64, error) {
	if len(sealed) == 0 {
		return 0, nil
	}
	sizes, err := storedSizes(src)
	if err != nil {
		return 0, err
	}
	if n := len(sizes); n > 0 && sizes[n-1] > sealed[len(sealed)-1].first {
		return sizes[n-1], nil
	}
	return noLimit, nil
}

// end is the seq after the last record of the i-th sealed segment.
func (l *listing) end(i int) uint64 {
	end := l.base
	if i+1 < len(l.sealed) {
		end = l.sealed[i+1].first
	}
	for _, g := range l.holes {
		if g.First > l.sealed[i].first {
			end = min(end, g.First)
		}
	}
	return end
}

// view is a log at one moment, and what proves its sealed records.
type view struct {
	*listing
	reader *Reader
	ctx    context.Context
	src    source
	keys   keyring
	// Retried says that the look before this one found the log changed, and that
	// it has not since.
	retried bool
	// Promised is how many records that look knew to be signed for where it found
	// fewer, and beyond is the same of this one.
	promised, beyond uint64
	proof            *leafProof // nil until it is needed
	faulty           error      // why there is none
}

func (r *Reader) view(ctx context.Context) (*view, error) {
	v := &view{reader: r, ctx: ctx, src: r.at(ctx)}
	var err error
	if v.keys, err = r.keys(v.src); err != nil {
		return nil, err
	}
	v.listing, err = r.list(v.src)
	return v, err
}

func (v *view) read(path string) ([]byte, error) {
	if err := v.ctx.Err(); err != nil {
		return nil, err
	}
	return readSmall(v.src.open(path))
}

// vouched finds what proves the sealed records: the newest stored checkpoint
// that the key in force signed and whose tiles are there. Where only a retired
// key signed it, the newest checkpoint of all must be of a tree that has that
// one in it.
func (v *view) vouched() (*leafProof, error) {
	if v.proof == nil && v.faulty == nil {
		v.proof, v.faulty = v.findProof()
	}
	return v.proof, v.faulty
}

func (v *view) findProof() (*leafProof, error) {
	sizes, err := storedSizes(v.src)
	if err != nil {
		return nil, err
	}
	tried, fault := 0, errors.New("no checkpoint is there that is signed for it")
	for _, size := range slices.Backward(sizes) {
		if size == 0 || tried == candidates {
			break
		}
		if size > v.base {
			continue
		}
		tried++
		c, err := v.checkpointAt(size)
		if err == nil {
			p := &leafProof{size: size, reader: tlog.TileHashReader(tlog.Tree{N: int64(size), Hash: c.root}, tileReader(v.read))}
			if _, err = p.reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(size)-1)}); err == nil {
				return p, nil
			}
		}
		fault = fmt.Errorf("%s does not vouch for it: %w", checkpointName(size), err)
	}
	return nil, fault
}

// checkpointAt reads a stored checkpoint that the key in force vouches for.
func (v *view) checkpointAt(size uint64) (checkpoint, error) {
	signed, err := v.read(checkpointName(size))
	if err != nil {
		return checkpoint{}, err
	}
	c, err := v.keys.openInForce(signed)
	if errors.Is(err, errRetiredKey) {
		if c, err = openCheckpoint(signed, v.keys); err == nil && !v.reader.tail.confirms(v, c) {
			err = errRetiredKey
		}
	}
	if err == nil && c.size != size {
		err = fmt.Errorf("it is of %d records", c.size)
	}
	return c, err
}

// leaves are the hashes of some sealed records, as they were signed.
func (p *leafProof) leaves(seqs []uint64) ([]tlog.Hash, error) {
	at := make([]int64, len(seqs))
	for i, seq := range seqs {
		if seq >= p.size {
			return nil, fmt.Errorf("no checkpoint whose tiles are intact is signed for record %d", seq)
		}
		at[i] = tlog.StoredHashIndex(0, int64(seq))
	}
	hashes, err := p.reader.ReadHashes(at)
	if err != nil {
		return nil, fmt.Errorf("the tiles do not tell what it was: %w", err)
	}
	return hashes, nil
}
