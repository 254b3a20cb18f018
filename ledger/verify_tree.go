package ledger

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// signedFile is a checkpoint whose signature is good.
type signedFile struct {
	checkpoint
	name string
}

// readCheckpoints reads all checkpoints and checks their signatures.
func (v *verification) readCheckpoints() error {
	names, err := v.list(kindCheckpoint, checkpointFolder)
	if err != nil {
		return err
	}
	needed := len(names) > 0
	far, _ := v.src.FS.(*StoreFolder)
	if far != nil && far.disk != nil {
		far = nil // the newest is the disk's
	}
	if far == nil {
		names = append(names, latestCheckpoint)
	} else if err := v.readLatest(far); errors.Is(err, fs.ErrNotExist) {
		// Only what is committed batch by batch has one there.
		if open, err := far.list(openFolderName); err != nil {
			return err
		} else if len(own(open, IsBatch)) > 0 && needed {
			v.aboutFile(kindCheckpoint, latestCheckpoint, "it is missing")
		}
	} else if err != nil {
		return err
	}
	for _, name := range names {
		if strings.Contains(name, "/.") {
			continue // not yet written
		}
		if err := v.readCheckpoint(name, needed); err != nil {
			return err
		}
	}
	stray := map[string]bool{}
	for _, s := range v.strays {
		stray[s.name] = true
	}
	for _, s := range v.successions {
		if !stray[s.name] {
			v.signed = append(v.signed, signedFile{s.checkpoint, s.name})
		}
	}
	slices.SortStableFunc(v.signed, func(a, b signedFile) int { return cmp.Compare(a.size, b.size) })
	return nil
}

// readCheckpoint reads a checkpoint and checks its signature. The error is for
// what keeps the rest from being read, too.
func (v *verification) readCheckpoint(name string, needed bool) error {
	signed, err := readSmall(v.src.open(name))
	if errors.Is(err, fs.ErrNotExist) {
		if needed {
			v.aboutFile(kindCheckpoint, name, "it is missing")
		}
		return nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err != nil {
		v.aboutFile(kindCheckpoint, name, "it cannot be read: %v", err)
		return nil
	}
	cp, err := v.openCheckpoint(signed)
	if err != nil {
		v.aboutFile(kindSignature, name, "it does not hold: %v", err)
		return nil
	}
	size, isSize := strconv.ParseUint(strings.TrimPrefix(name, checkpointFolder+"/"), 10, 63)
	if name != latestCheckpoint && (isSize != nil || size != cp.size) {
		v.aboutFile(kindCheckpoint, name, "it is of %d records, which is not what its name says", cp.size)
	}
	v.signed = append(v.signed, signedFile{cp, name})
	return nil
}

// newest is how many records are signed for.
func (v *verification) newest() uint64 {
	if len(v.signed) == 0 {
		return 0
	}
	return v.signed[len(v.signed)-1].size
}

// count adds what the next record must be, and holds the tree against the tile
// and the checkpoints that end there.
func (v *verification) count(leaf tlog.Hash) {
	v.edge.add(leaf)
	v.last = leaf
	if v.broken {
		return
	}
	v.holdAnchors()
	v.tree.add(leaf, func(t tlog.Tile, hashes []tlog.Hash) error {
		v.checkTile(t, hashes, v.edge.size <= max(v.sealedEnd, v.proof.size))
		return nil
	})
	v.checkPartials()
	for v.nextCheck < len(v.signed) && v.signed[v.nextCheck].size <= v.edge.size {
		c := v.signed[v.nextCheck]
		v.nextCheck++
		v.report.Checkpoints++
		if c.root == v.edge.root() {
			v.lastGood = c.size
			continue
		}
		v.add(Problem{Kind: kindCheckpoint, Seq: int64(v.lastGood), Count: int64(c.size - v.lastGood), Segment: c.name, Offset: -1,
			Detail: fmt.Sprintf("it is signed for %d records with another root: one or more of records %d to %d are changed", c.size, v.lastGood, c.size-1)})
	}
}

// countKnown adds records that are known or not; from the first that is not,
// no root can be computed.
func (v *verification) countKnown(must []*tlog.Hash) {
	for _, h := range must {
		if h == nil {
			v.broken = true
			h = new(tlog.Hash)
		}
		v.count(*h)
	}
}

// missing reports that records are gone and adds what they must have been.
func (v *verification) missing(from, to uint64, segment string) {
	v.addGap(lacking(from, to, segment))
	v.countGap(from, to)
}

// countGap adds what records [from,to) must have been, as far as tiles tell. A
// file's name may make a gap of any size: from the first record that is not
// known nothing can be computed, and the rest is only counted.
func (v *verification) countGap(from, to uint64) {
	for at := from; at < to && !v.broken && v.ctx.Err() == nil; at = v.edge.size {
		v.countKnown(v.proof.leaves(at, min(to, at+16*tileWidth)))
	}
	v.edge.size = to
}

// checkTile holds a stored tile against the records.
func (v *verification) checkTile(t tlog.Tile, hashes []tlog.Hash, needed bool) {
	stored, err := readSmall(v.src.open(tilePath(t)))
	switch {
	case errors.Is(err, fs.ErrNotExist) && !needed:
	case err != nil:
		v.aboutFile(kindTile, tilePath(t), "it cannot be read: %v", err)
	case !bytes.Equal(stored, appendHashes(nil, hashes)):
		v.aboutFile(kindTile, tilePath(t), "it has other hashes than the records")
	}
}

// checkEnd reports what speaks of more records than there are.
func (v *verification) checkEnd() {
	have, newest := v.edge.size, v.newest()
	if newest > have {
		v.addGap(Problem{Kind: kindMissing, Seq: int64(have), Count: int64(newest - have), Offset: -1,
			Detail: fmt.Sprintf("%s: the checkpoint is signed for %d", areGone(have, newest), newest)})
	}
	for _, c := range v.signed[v.nextCheck:] {
		detail := fmt.Sprintf("it is signed for %d records, the files hold %d", c.size, have)
		if v.broken {
			detail = "it cannot be checked: records before it are gone, and no tiles tell what they were"
		}
		v.add(Problem{Kind: kindCheckpoint, Seq: int64(min(have, c.size)), Count: int64(c.size - min(have, c.size)), Segment: c.name, Offset: -1, Detail: detail})
	}
	if n := len(v.signed); n > 0 && !v.broken && newest == have && v.lastGood < newest && v.tail.valid && v.tail.seq+1 == have {
		v.blameLast()
	}
	v.checkBeyond()
	v.checkAnchors()
}

// blameLast names the log's last record when the newest checkpoint contradicts
// a chain that is whole: no record after it could vouch for it.
func (v *verification) blameLast() {
	last := Problem{Kind: kindDamaged, Seq: int64(v.tail.seq), Count: 1, Segment: v.tailIn.name, Offset: v.tail.off,
		Detail: fmt.Sprintf("record %d, the last, is changed, or the chain from record %d on was made anew", v.tail.seq, v.lastGood)}
	for _, p := range v.report.Problems {
		if p.Kind == kindDamaged && p.Seq == last.Seq {
			return
		}
	}
	problems := []Problem{last}
	v.nameIDs(&scan{segment: v.tailIn}, problems)
	v.add(problems[0])
}
