package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrNotSigned says that a record is in the log, but that no checkpoint is
// signed for it yet.
var ErrNotSigned = errors.New("not signed for yet")

// Prove makes the proof of one record, for [VerifyProof]: its line, its way to
// the root of a signed tree, and the signature. Fsys is the log's own folder.
// A record in a sealed segment is proved by a few tiles, whatever the size of
// the log; one in an open segment by those and the open segments, under the
// newest checkpoint. The error wraps [fs.ErrNotExist] when the log has no such
// record, and is a [*PurgedError] then if it has had it; it wraps [ErrNotSigned]
// when the record must wait for the next checkpoint.
//
// It is no verification of the log, but what it returns verifies, with the keys
// beside the log.
func Prove(ctx context.Context, fsys fs.FS, seq uint64) ([]byte, error) {
	p := prover{ctx: ctx, src: fsSource{fsys}, proof: proof{index: seq}}
	err := p.run()
	if errors.Is(err, fs.ErrNotExist) && !p.absent { // a tile, a key: not the record
		err = fmt.Errorf("%v: see what caddy rec verify says", err)
	}
	if err != nil {
		return nil, fmt.Errorf("proving record %d: %w", seq, err)
	}
	return p.proof.text(), nil
}

// prover is one Prove under way.
type prover struct {
	ctx   context.Context
	src   fsSource
	keys  keyring
	proof proof
	// Absent says that the log has no such record, or has it no more.
	absent bool
}

func (p *prover) run() error {
	beside, err := readSmall(p.src.open(publicKeyFile))
	if err != nil {
		return fmt.Errorf("reading %s: %w", publicKeyFile, err)
	}
	first, err := parseKeyring(string(beside))
	if err != nil {
		return fmt.Errorf("%s: %w", publicKeyFile, err)
	}
	all, _, err := readSuccessions(p.src, first[0].Name())
	if err != nil {
		return err
	}
	p.keys, _ = chain(first[0], all)
	if err := p.readLine(); err != nil {
		return err
	}
	// A seal under way moves records, once.
	for range 2 {
		open, err := p.openSegments()
		if err != nil {
			return err
		}
		base := noLimit
		if len(open) > 0 {
			base = open[0].first
		}
		if p.proof.index < base {
			err = p.fromTiles(base)
		}
		// What the key in force has signed since may be the newest only.
		if p.proof.index >= base || errors.Is(err, errRetiredKey) {
			err = p.fromOpen(base)
		}
		if err == nil || errors.Is(err, ErrNotSigned) || p.ctx.Err() != nil {
			return err
		}
		if again, listErr := p.openSegments(); listErr != nil || slices.Equal(open, again) {
			return err
		}
	}
	return errors.New("its segment is being sealed: try again")
}

// readLine finds the record.
func (p *prover) readLine() error {
	err := walk(p.src, p.proof.index, func(l Line) error {
		if l.Seq != p.proof.index {
			p.absent = true
			return purgedAt(p.src, p.proof.index)
		}
		p.proof.line = slices.Clone(l.Raw)
		return errEnough
	})
	if p.proof.line == nil && err == nil {
		p.absent = true
		return fmt.Errorf("the log ends before it: %w", fs.ErrNotExist)
	}
	if err == errEnough {
		err = nil
	}
	return err
}

// errEnough ends a walk that has found what it looked for.
var errEnough = errors.New("enough")

// openSegments lists those that are not sealed.
func (p *prover) openSegments() ([]segment, error) {
	open, err := segments(p.src, openFolderName)
	if err != nil {
		return nil, err
	}
	sealed, err := segments(p.src, sealedFolder)
	if err != nil {
		return nil, err
	}
	open, _ = withoutTwins(open, sealed)
	return open, nil
}

// fromTiles proves a sealed record under the newest checkpoint of sealed
// records only, whose tiles are there.
func (p *prover) fromTiles(base uint64) error {
	sizes, err := storedSizes(p.src)
	if err != nil {
		return err
	}
	tried, fault := 0, errors.New("no checkpoint of its seal or a later one is there: see what caddy rec verify says")
	for _, size := range slices.Backward(sizes) {
		if size > base {
			continue
		}
		if size <= p.proof.index || tried == candidates {
			break
		}
		tried++
		signed, err := readSmall(p.src.open(checkpointName(size)))
		if err != nil {
			return err
		}
		c, err := p.keys.openInForce(signed)
		if errors.Is(err, errRetiredKey) {
			return err
		}
		if err == nil {
			tiles := tlog.TileHashReader(tlog.Tree{N: int64(c.size), Hash: c.root}, tileReader(p.read))
			err = p.complete(c, signed, tiles)
		}
		if err == nil {
			return nil
		}
		fault = fmt.Errorf("%s: %w", checkpointName(size), err)
	}
	return fault
}

// storedSizes are the sizes of the stored checkpoints, in order.
func storedSizes(src source) (sizes []uint64, err error) {
	names, err := src.list(checkpointFolder)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		size, err := strconv.ParseUint(strings.TrimPrefix(name, checkpointFolder+"/"), 10, 63)
		if err == nil && checkpointName(size) == name {
			sizes = append(sizes, size)
		}
	}
	slices.Sort(sizes)
	return sizes, nil
}

func (p *prover) read(path string) ([]byte, error) {
	if err := p.ctx.Err(); err != nil {
		return nil, err
	}
	return readSmall(p.src.open(path))
}

// fromOpen proves a record that is not sealed under the newest checkpoint: from
// the tiles of the base sealed records, and the hashes of those since.
func (p *prover) fromOpen(base uint64) error {
	signed, err := readSmall(p.src.open(latestCheckpoint))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the log has no checkpoint: %w", ErrNotSigned)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", latestCheckpoint, err)
	}
	c, err := p.keys.openInForce(signed)
	if errors.Is(err, errRetiredKey) {
		return fmt.Errorf("the newest checkpoint is %w: %w", err, ErrNotSigned)
	}
	if err != nil {
		return fmt.Errorf("the newest checkpoint: %w", err)
	}
	base = min(base, c.size) // all may be sealed
	if c.size <= p.proof.index {
		return fmt.Errorf("the newest checkpoint is of %d records: %w", c.size, ErrNotSigned)
	}
	tree := mixedTree{base: base}
	if base > 0 {
		sealed, err := readSmall(p.src.open(checkpointName(base)))
		if err != nil {
			return err
		}
		at, err := openCheckpoint(sealed, p.keys)
		if err != nil {
			return fmt.Errorf("%s: %w", checkpointName(base), err)
		}
		tree.sealed = tlog.TileHashReader(tlog.Tree{N: int64(at.size), Hash: at.root}, tileReader(p.read))
	}
	err = walk(p.src, base, func(l Line) error {
		if l.Seq == c.size {
			return errEnough
		}
		tree.leaves = append(tree.leaves, tlog.RecordHash(l.Raw))
		return p.ctx.Err()
	})
	if err != nil && err != errEnough {
		return err
	}
	if have := base + uint64(len(tree.leaves)); have < c.size {
		return fmt.Errorf("the newest checkpoint is signed for %d records, the files hold %d: see what caddy rec verify says", c.size, have)
	}
	return p.complete(c, signed, &tree)
}

// complete fills in the proof under a checkpoint, and holds it against that.
func (p *prover) complete(c checkpoint, signed []byte, hashes tlog.HashReader) error {
	way, err := tlog.ProveRecord(int64(c.size), int64(p.proof.index), hashes)
	if err != nil {
		return err
	}
	leaf := tlog.RecordHash(p.proof.line)
	if err := tlog.CheckRecord(way, int64(c.size), c.root, int64(p.proof.index), leaf); err != nil {
		return fmt.Errorf("the record is not the one that was signed: see what caddy rec verify says (%w)", err)
	}
	p.proof.hashes, p.proof.signed = way, signed
	return nil
}

// mixedTree reads the hashes of a tree of which only the first base leaves
// have tiles.
type mixedTree struct {
	base   uint64
	sealed tlog.HashReader
	leaves []tlog.Hash // from base on
}

// ReadHashes implements [tlog.HashReader].
func (t *mixedTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		h, err := t.node(level, n)
		if err != nil {
			return nil, err
		}
		hashes[i] = h
	}
	return hashes, nil
}

// node is the root of the n-th subtree of 2^level leaves.
func (t *mixedTree) node(level int, n int64) (tlog.Hash, error) {
	if end := uint64(n+1) << level; end <= t.base {
		hashes, err := t.sealed.ReadHashes([]int64{tlog.StoredHashIndex(level, n)})
		if err != nil {
			return tlog.Hash{}, err
		}
		return hashes[0], nil
	}
	if level == 0 {
		return t.leaves[uint64(n)-t.base], nil
	}
	left, err := t.node(level-1, 2*n)
	if err != nil {
		return left, err
	}
	right, err := t.node(level-1, 2*n+1)
	return tlog.NodeHash(left, right), err
}
