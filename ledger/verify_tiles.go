package ledger

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// evidence is what tiles tell about records, once a signed checkpoint vouches
// for the tiles.
type evidence struct {
	src    fsSource
	signed []signedFile
	looked bool
	reader tlog.HashReader
	size   uint64 // of the tree that reader reads

	near   []*tlog.Hash // what leaf found last: the leaves of a tile
	nearAt uint64       // the first of them
}

func newEvidence(src fsSource, signed []signedFile) *evidence {
	return &evidence{src: src, signed: signed}
}

func (e *evidence) read(path string) ([]byte, error) { return readSmall(e.src.open(path)) }

// agrees says whether the leaf tiles have these records' hashes. It only looks;
// that the tiles are right is another question.
func (e *evidence) agrees(entries []entry) bool {
	if len(entries) == 0 {
		return true
	}
	for n := 0; n < len(entries); {
		seq := entries[n].seq
		in := int(seq % tileWidth)
		width := min(tileWidth, in+len(entries)-n)
		data, err := e.leafTile(seq/tileWidth, width)
		if err != nil {
			return true // a missing tile is reported as such
		}
		for ; in < width; in, n = in+1, n+1 {
			if tlog.Hash(data[in*tlog.HashSize:]) != entries[n].hash {
				return false
			}
		}
	}
	return true
}

// leafTile reads at least width hashes of a leaf tile.
func (e *evidence) leafTile(n uint64, width int) ([]byte, error) {
	full := tlog.Tile{H: tileHeight, N: int64(n), W: tileWidth}
	if data, err := e.read(tilePath(full)); err == nil && len(data) == tileWidth*tlog.HashSize {
		return data, nil
	}
	part := full
	part.W = width
	return tileReader(e.read).read(part)
}

// leaves gives what records [from,to) must be; nil where the tiles do not tell.
func (e *evidence) leaves(from, to uint64) []*tlog.Hash {
	must := make([]*tlog.Hash, to-from)
	e.look()
	for at := from; at < min(to, e.size); {
		end := min(to, e.size, at-at%tileWidth+tileWidth)
		indexes := make([]int64, 0, tileWidth)
		for seq := at; seq < end; seq++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, int64(seq)))
		}
		if hashes, err := e.reader.ReadHashes(indexes); err == nil {
			for i := range hashes {
				must[at-from+uint64(i)] = &hashes[i]
			}
		}
		at = end
	}
	return must
}

// leaf gives what a record must be; nil where the tiles do not tell.
func (e *evidence) leaf(seq uint64) *tlog.Hash {
	if at := seq - seq%tileWidth; e.near == nil || e.nearAt != at {
		e.near, e.nearAt = e.leaves(at, at+tileWidth), at
	}
	return e.near[seq-e.nearAt]
}

// candidates bounds how many checkpoints are tried.
const candidates = 64

// look finds the newest checkpoint that vouches for tiles.
func (e *evidence) look() {
	if e.looked {
		return
	}
	e.looked = true
	tried := 0
	for _, c := range slices.Backward(e.signed) {
		if tried++; c.size == 0 || tried > candidates {
			return
		}
		reader := tlog.TileHashReader(tlog.Tree{N: int64(c.size), Hash: c.root}, tileReader(e.read))
		if _, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(c.size)-1)}); err == nil {
			e.reader, e.size = reader, c.size
			return
		}
	}
}
