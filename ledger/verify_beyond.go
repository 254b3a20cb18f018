package ledger

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// storedTile is a tile that was there when the verification began. End is how
// many records a log has that can have written it.
type storedTile struct {
	tlog.Tile
	end uint64
}

// listTiles finds the tiles that there are. It comes before the segments are
// listed: a seal hashes durable records only, so that whatever a tile of an
// honest log speaks of is in some segment afterwards, also while the log is
// written and after a crash in the middle of a seal.
func (v *verification) listTiles() error {
	names, err := v.list(kindTile, "tile")
	if err != nil {
		return err
	}
	for _, name := range names {
		t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", tileHeight, strings.TrimPrefix(name, "tile/")))
		if err != nil || t.L < 0 {
			continue // not yet written, or no tile
		}
		s := storedTile{t, tileEnd(t)}
		if s.end > v.farthest.end {
			v.farthest = s
		}
		if t.W < tileWidth { // the full ones are looked for as they fill
			v.partial = append(v.partial, s)
		}
	}
	slices.SortStableFunc(v.partial, func(a, b storedTile) int { return cmp.Compare(a.end, b.end) })
	return nil
}

// tileEnd is how many records a tile's last hash reaches to.
func tileEnd(t tlog.Tile) uint64 {
	if t.L >= tileLevels || t.N < 0 || t.N > math.MaxInt64>>tileHeight-1 {
		return math.MaxInt64
	}
	hashes, shift := uint64(t.N)<<tileHeight+uint64(t.W), tileHeight*t.L
	if bits.Len64(hashes)+shift > 63 {
		return math.MaxInt64
	}
	return hashes << shift
}

// checkPartials holds the unfinished tiles that end with the records so far
// against them.
func (v *verification) checkPartials() {
	for ; v.nextPartial < len(v.partial) && v.partial[v.nextPartial].end <= v.edge.size; v.nextPartial++ {
		t := v.partial[v.nextPartial].Tile
		v.checkTile(t, v.tree.part[t.L], true)
	}
}

// checkSeal looks at what a seal leaves: a segment of records that end before
// record end, a checkpoint there, and, of the last one, its unfinished tiles.
func (v *verification) checkSeal(s, next *scan, end uint64) {
	if len(s.entries) == 0 && s.err == nil {
		v.aboutFile(kindSegment, s.segment.name, "a sealed segment without a record")
	}
	if next == nil || !next.segment.sealed {
		v.needPartials()
	}
	v.checkSigned(end)
}

// needPartials reports the unfinished tiles of the last seal that are not
// there. One that came since the listing is held against the records here.
func (v *verification) needPartials() {
	if v.broken {
		return
	}
	v.tree.partial(func(t tlog.Tile, hashes []tlog.Hash) error {
		if !slices.ContainsFunc(v.partial, func(s storedTile) bool { return s.Tile == t }) {
			v.checkTile(t, hashes, true)
		}
		return nil
	})
}

// checkSigned holds the end of a sealed segment against the checkpoints: a seal
// signs before it writes the segment, so one beyond the newest checkpoint must
// have been sealed since those were read.
func (v *verification) checkSigned(end uint64) {
	if end <= v.newest() || v.broken {
		return
	}
	v.unsigned = end
	name := checkpointName(end)
	signed, err := readSmall(v.src.open(name))
	if err != nil {
		return
	}
	cp, err := v.openCheckpoint(signed)
	if err != nil || cp.size != end || cp.root != v.edge.root() {
		return
	}
	v.unsigned = 0
	v.signed = append(v.signed, signedFile{cp, name})
	v.nextCheck++
	v.lastGood = end
	v.report.Checkpoints++
}

// checkBeyond reports what only a log with more records, or more checkpoints,
// can have: somebody took the rest away.
func (v *verification) checkBeyond() {
	have, newest := v.edge.size, v.newest()
	if v.unsigned > newest {
		v.add(Problem{Kind: kindCheckpoint, Seq: int64(newest), Count: int64(v.unsigned - newest), Offset: -1,
			Detail: fmt.Sprintf("records %d to %d are sealed and no checkpoint is signed for them: checkpoints are gone, or the records are made up", newest, v.unsigned-1)})
	}
	if from := max(have, newest); v.farthest.end > from {
		v.addGap(Problem{Kind: kindMissing, Seq: int64(from), Count: int64(v.farthest.end - from), Segment: tilePath(v.farthest.Tile), Offset: -1,
			Detail: fmt.Sprintf("%s: the tiles are of %d records, the files hold %d", areGone(from, v.farthest.end), v.farthest.end, have)})
	}
}
