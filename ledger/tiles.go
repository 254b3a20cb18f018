package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles are as C2SP tlog-tiles has them: height 8, so 256 hashes of 32 bytes
// in a full one, under tile/<level>/<number>[.p/<width>].
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	tileLevels = 8
)

func tilePath(t tlog.Tile) string {
	// tlog writes the height into the path, C2SP does not.
	return "tile/" + strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", tileHeight))
}

// tiling is a tree's rightmost, unfinished tile of each level.
type tiling struct {
	size uint64
	part [tileLevels][]tlog.Hash
}

// add adds a leaf and gives each tile that is thereby full to emit.
func (t *tiling) add(leaf tlog.Hash, emit func(tlog.Tile, []tlog.Hash) error) error {
	t.size++
	for level := range t.part {
		t.part[level] = append(t.part[level], leaf)
		if len(t.part[level]) < tileWidth {
			return nil
		}
		n := t.size>>(tileHeight*(level+1)) - 1
		full := tlog.Tile{H: tileHeight, L: level, N: int64(n), W: tileWidth}
		if err := emit(full, t.part[level]); err != nil {
			return err
		}
		var f frontier
		for _, h := range t.part[level] {
			f.add(h)
		}
		leaf = f.root()
		t.part[level] = t.part[level][:0]
	}
	return nil
}

// partial gives the unfinished tiles to emit.
func (t *tiling) partial(emit func(tlog.Tile, []tlog.Hash) error) error {
	for level, hashes := range t.part {
		if len(hashes) == 0 {
			continue
		}
		n := t.size >> (tileHeight * (level + 1))
		if err := emit(tlog.Tile{H: tileHeight, L: level, N: int64(n), W: len(hashes)}, hashes); err != nil {
			return err
		}
	}
	return nil
}

func (t *tiling) clone() *tiling {
	c := &tiling{size: t.size}
	for i := range t.part {
		c.part[i] = append(make([]tlog.Hash, 0, tileWidth), t.part[i]...)
	}
	return c
}

// frontier is the same tree's right edge.
func (t *tiling) frontier() frontier {
	f := frontier{size: t.size}
	for level, hashes := range t.part {
		var sub frontier
		for _, h := range hashes {
			sub.add(h)
		}
		copy(f.edge[tileHeight*level:], sub.edge[:tileHeight])
	}
	return f
}

// last is the newest leaf's hash. When the last leaf filled a tile, only the
// reader of tiles can tell it.
func (t *tiling) indexes() (at []int64) {
	for level := range tileLevels {
		end := t.size >> (tileHeight * level)
		for i := end &^ (tileWidth - 1); i < end; i++ {
			at = append(at, tlog.StoredHashIndex(tileHeight*level, int64(i)))
		}
	}
	return at
}

// loadTiling reads the right edge of the tree that c stands for, and the hash
// of its last leaf, from tiles, and proves them by c's root.
func loadTiling(c checkpoint, tiles tileReader) (*tiling, tlog.Hash, error) {
	t := &tiling{size: c.size}
	if c.size == 0 {
		return t, tlog.Hash{}, nil
	}
	at := append(t.indexes(), tlog.StoredHashIndex(0, int64(c.size)-1))
	hashes, err := tlog.TileHashReader(tlog.Tree{N: int64(c.size), Hash: c.root}, tiles).ReadHashes(at)
	if err != nil {
		return nil, tlog.Hash{}, fmt.Errorf("tiles of the tree of %d records: %w", c.size, err)
	}
	last := hashes[len(hashes)-1]
	for level := range tileLevels {
		width := int(c.size >> (tileHeight * level) % tileWidth)
		t.part[level] = append(make([]tlog.Hash, 0, tileWidth), hashes[:width]...)
		hashes = hashes[width:]
	}
	return t, last, nil
}

// tileReader reads tiles by path for tlog. A wider tile that has since been
// written stands in for a partial one.
type tileReader func(path string) ([]byte, error)

func (r tileReader) Height() int { return tileHeight }

func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		b, err := r.read(t)
		if err != nil {
			return nil, err
		}
		data[i] = b
	}
	return data, nil
}

func (r tileReader) read(t tlog.Tile) ([]byte, error) {
	b, err := r(tilePath(t))
	if errors.Is(err, fs.ErrNotExist) && t.W < tileWidth {
		full := t
		full.W = tileWidth
		b, err = r(tilePath(full))
	}
	if err != nil {
		return nil, err
	}
	want := t.W * tlog.HashSize
	if len(b) < want {
		return nil, fmt.Errorf("%s has %d bytes, want %d", tilePath(t), len(b), want)
	}
	return b[:want], nil
}

func appendHashes(dst []byte, hashes []tlog.Hash) []byte {
	for i := range hashes {
		dst = append(dst, hashes[i][:]...)
	}
	return dst
}

// readSmall reads all of a tile, a checkpoint or a key.
func readSmall(r io.ReadCloser, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, 1<<20))
}
