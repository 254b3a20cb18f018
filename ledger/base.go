package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// checkpoints are the valid ones that a recovery holds the log against.
type checkpoints struct {
	latest checkpoint   // the one in the folder; size 0: none
	all    []checkpoint // by size
}

func (c *checkpoints) newest() checkpoint {
	if len(c.all) == 0 {
		return checkpoint{}
	}
	return c.all[len(c.all)-1]
}

func (c *checkpoints) at(size uint64) (checkpoint, bool) {
	i, ok := slices.BinarySearchFunc(c.all, size, func(c checkpoint, size uint64) int { return cmp.Compare(c.size, size) })
	if !ok {
		return checkpoint{}, false
	}
	return c.all[i], true
}

// check holds a tree against the checkpoint of its size, if there is one.
func (c *checkpoints) check(tree *frontier) error {
	if cp, ok := c.at(tree.size); ok && cp.root != tree.root() {
		return lost("the records up to %d have another root than the signed checkpoint", tree.size)
	}
	return nil
}

func (l *Log) storeSource() storeSource {
	return storeSource{ctx: context.Background(), store: l.opts.Store, prefix: l.prefix}
}

// readCheckpoints reads the newest checkpoint and those stored ones that matter
// to the open segments.
func (l *Log) readCheckpoints(open []segment) (*checkpoints, error) {
	c := &checkpoints{}
	signed, err := readSmall(fsSource{l.disk.files()}.open(latestCheckpoint))
	if errors.Is(err, errMisnamed) {
		return nil, lost("its newest checkpoint is another (%v)", err)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		c.latest, err = openCheckpoint(signed, l.signing.ring())
		if errors.Is(err, errForeignKey) {
			return nil, fmt.Errorf("the log is signed with another key than %s: restore that key, or start a log under another name", l.signing.ring().current().text)
		}
		if err != nil {
			return nil, lost("its newest checkpoint is damaged (%v)", err)
		}
		c.all = append(c.all, c.latest)
	}
	stored, err := l.storedCheckpoints(open)
	if err != nil {
		return nil, err
	}
	for _, cp := range stored {
		if cp.size == c.latest.size && cp.root != c.latest.root {
			return nil, lost("two checkpoints at %d records are signed, with different roots", cp.size)
		}
		if cp.size != c.latest.size {
			c.all = append(c.all, cp)
		}
	}
	slices.SortFunc(c.all, func(a, b checkpoint) int { return cmp.Compare(a.size, b.size) })
	return c, nil
}

// storedCheckpoints reads the stored checkpoints from the first open segment
// on; without one, the newest that is valid.
func (l *Log) storedCheckpoints(open []segment) (valid []checkpoint, err error) {
	src := l.storeSource()
	names, err := src.list(checkpointFolder)
	if err != nil {
		return nil, fmt.Errorf("listing checkpoints: %w", err)
	}
	slices.Reverse(names)
	for _, name := range names {
		size, err := strconv.ParseUint(strings.TrimPrefix(name, checkpointFolder+"/"), 10, 63)
		if err != nil || checkpointName(size) != name {
			continue
		}
		if len(open) > 0 && size < open[0].first || len(open) == 0 && len(valid) > 0 {
			break
		}
		signed, err := readSmall(src.open(name))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		cp, err := openCheckpoint(signed, l.signing.ring())
		if err == nil && cp.size != size {
			err = fmt.Errorf("it is of %d records", cp.size)
		}
		if err != nil {
			l.problem(fmt.Errorf("%s is not used: %w", name, err))
			continue
		}
		valid = append(valid, cp)
	}
	return valid, nil
}

// restoreBase restores the tree of the sealed records: from tiles, or, when
// those are damaged, from the sealed records themselves.
func (l *Log) restoreBase(state *recovered, open []segment, signed *checkpoints) (err error) {
	size := signed.newest().size
	if len(open) > 0 {
		size = open[0].first
	}
	cp, ok := signed.at(size)
	if size == 0 {
		cp, ok = checkpoint{}, true
	}
	err = fmt.Errorf("the checkpoint at %d records is missing", size)
	if ok {
		read := func(path string) ([]byte, error) { return readSmall(l.storeSource().open(path)) }
		state.base, state.prev, err = loadTiling(cp, tileReader(read))
	}
	if err != nil {
		l.problem(fmt.Errorf("reading all sealed records instead of their tiles: %w", err))
		if state.base, state.prev, err = l.rebuild(size); err != nil {
			return lost("the sealed records up to %d cannot be restored (%v)", size, err)
		}
	}
	state.tree = state.base.frontier()
	return signed.check(&state.tree)
}

// rebuild makes the tree of the first size records from the sealed segments.
func (l *Log) rebuild(size uint64) (*tiling, tlog.Hash, error) {
	t := &tiling{}
	var prev tlog.Hash
	var hasher leafHasher
	err := walk(l.storeSource(), 0, func(line Line) error {
		if line.Seq == size {
			return errEnough
		}
		h, _ := parseHead(line.Raw)
		if !h.follows(line.Seq, prev) {
			return fmt.Errorf("record %d does not follow the one before", line.Seq)
		}
		prev = hasher.sum(line.Raw)
		return t.add(prev, func(tlog.Tile, []tlog.Hash) error { return nil })
	})
	if err != nil && err != errEnough {
		return nil, prev, err
	}
	if t.size != size {
		return nil, prev, fmt.Errorf("the sealed segments hold %d", t.size)
	}
	return t, prev, nil
}
