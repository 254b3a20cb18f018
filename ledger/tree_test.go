package ledger

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func TestTheTreeAndItsTilesAreThoseOfTlog(t *testing.T) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(at))
		for i, x := range at {
			hashes[i] = stored[x]
		}
		return hashes, nil
	})
	tiles := map[string][]byte{}
	emit := func(tile tlog.Tile, hashes []tlog.Hash) error {
		tiles[tilePath(tile)] = appendHashes(nil, hashes)
		return nil
	}
	var tree frontier
	var tiling tiling
	var hasher leafHasher
	sizes := map[uint64]bool{1: true, 2: true, 255: true, 256: true, 257: true, 511: true, 512: true, 1000: true, 65535: true, 65536: true, 65537: true, 66000: true}
	for n := range uint64(66000) {
		line := fmt.Appendf(nil, `{"n":%d}`, n)
		leaf := hasher.sum(line)
		if leaf != tlog.RecordHash(line) {
			t.Fatal("a line's hash is another")
		}
		more, err := tlog.StoredHashesForRecordHash(int64(n), leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		tree.add(leaf)
		tiling.add(leaf, emit)
		if !sizes[tree.size] {
			continue
		}
		want, err := tlog.TreeHash(int64(tree.size), reader)
		if err != nil {
			t.Fatal(err)
		}
		if tree.root() != want {
			t.Errorf("root of %d records is another", tree.size)
		}
		if f := tiling.frontier(); f.root() != want {
			t.Errorf("root of %d records, from tiles, is another", tree.size)
		}
		tiling.partial(emit)
		read := func(path string) ([]byte, error) {
			if b, ok := tiles[path]; ok {
				return b, nil
			}
			return nil, fs.ErrNotExist
		}
		loaded, last, err := loadTiling(checkpoint{tree.size, want}, read)
		if err != nil {
			t.Fatalf("loading the tiles of %d records: %v", tree.size, err)
		}
		if f := loaded.frontier(); f.root() != want || last != leaf {
			t.Errorf("the tree of %d records is loaded as another", tree.size)
		}
		if _, _, err := loadTiling(checkpoint{tree.size, leaf}, read); err == nil && tree.size > 1 {
			t.Errorf("the tree of %d records is loaded under a wrong root", tree.size)
		}
	}
	for _, tile := range tlog.NewTiles(tileHeight, 0, 66000) {
		data, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			t.Fatal(err)
		}
		if string(tiles[tilePath(tile)]) != string(data) {
			t.Errorf("tile %s is another", tilePath(tile))
		}
	}
	if got := tilePath(tlog.Tile{H: 8, L: 0, N: 1234067, W: 5}); got != "tile/0/x001/x234/067.p/5" {
		t.Errorf("tile path is %s", got)
	}
	if got := (&frontier{}).root().String(); got != "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" {
		t.Errorf("root of nothing is %s", got)
	}
}

func FuzzCheckpoint(f *testing.F) {
	good := checkpoint{42, tlog.RecordHash(nil)}.text("test")
	for _, s := range []string{good, good + "extension\n", "", "\n\n\n", "a\n-1\nAAAA\n", strings.Replace(good, "42", "042", 1), strings.Replace(good, "42", "99999999999999999999", 1), strings.TrimSpace(good)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		from, c, err := parseCheckpoint(text)
		if err != nil {
			return
		}
		log, isLog := strings.CutPrefix(from, "caddyrec/")
		if isLog && !strings.HasPrefix(text, c.text(log)) {
			t.Errorf("%q reads as %q", text, c.text(log))
		}
	})
}

func FuzzOpenCheckpoint(f *testing.F) {
	k, err := LoadKeys(f.TempDir(), "test")
	if err != nil {
		f.Fatal(err)
	}
	signed, err := checkpoint{42, tlog.RecordHash(nil)}.sign("test", k.signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add(signed[:len(signed)-1])
	f.Add([]byte(strings.Replace(string(signed), "42", "43", 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := openCheckpoint(text, keyring{k.public})
		if err == nil && (c.size != 42 || c.root != tlog.RecordHash(nil)) {
			t.Errorf("%q was accepted as %v", text, c)
		}
	})
}

func FuzzParseHead(f *testing.F) {
	f.Add([]byte(`{"seq":0,"prev":"","log":"a","x":1}`))
	f.Add([]byte(`{"seq":12,"prev":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","log":"a","x":1}`))
	f.Add([]byte(`{"seq":01,"prev":"","log":"","x":1}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		h, ok := parseHead(line)
		if !ok {
			return
		}
		prev, _ := h.prevHash()
		again := appendHead(nil, h.seq, prev, string(h.log))
		if canonical := h.follows(h.seq, prev); canonical && !strings.HasPrefix(string(line), string(again)) {
			t.Errorf("%q reads as %q", line, again)
		}
	})
}
