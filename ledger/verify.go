package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// VerifyOptions say how a log is verified.
type VerifyOptions struct {
	// Key is the verifier key that checkpoints must be signed with, as
	// [Keys.Verifier] gives it, or those of a log whose key was changed, as its
	// file <log>.public has them: the oldest first, a line each, every one but
	// the last with " retired at " and a size behind it. From one key the others
	// follow; but only who gives the newest finds what was rewritten with a
	// stolen old one. Empty: the one beside the log, which proves nothing against
	// somebody who replaced that too.
	Key string
	// Against are signed checkpoints of the log that were kept elsewhere, one
	// each. The log must be one that goes on from all of them. Without any, a
	// log put back whole as it was at an earlier time is not told from one that
	// is only older. Those of other logs are passed over.
	Against [][]byte
	// Progress is told how many bytes of the segments' files are done, now and
	// then, from one goroutine; of a [StoreFolder], which does not know them, how
	// many records.
	Progress func(done, total int64)
}

// Report is what a verification found.
type Report struct {
	Log string `json:"log"`
	// Records are those that are intact and in the log once. Segments is how
	// many files they were looked for in, Bytes how long their lines are.
	Records  int   `json:"records"`
	Segments int   `json:"segments"`
	Bytes    int64 `json:"bytes"`
	// Purged is how many are gone because the log itself says, in records that
	// are intact and signed for, that retention removed them.
	Purged int64 `json:"purged,omitempty"`
	// First and Last are the times in the first and the last record; zero when
	// they tell none.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Checkpoints is how many signed checkpoints the records were held against.
	Checkpoints int `json:"checkpoints"`
	// Signed is how many records the newest of them is signed for.
	Signed uint64 `json:"signed"`
	// Anchors is how many checkpoints kept elsewhere were given, AnchorSize how
	// many records the largest of them is signed for. Those that are not signed
	// with the key do not count.
	Anchors    int    `json:"anchors"`
	AnchorSize uint64 `json:"anchor_size"`
	// KeyHash is the id of the key that is trusted, the newest of them, in the
	// signatures: eight hex digits. KeySource is "given", or "ledger" for the key
	// beside the log.
	KeyHash   string `json:"key_hash"`
	KeySource string `json:"key_source"`
	// Keys are all that the log was signed with, the oldest first, as they
	// follow from that.
	Keys []Key `json:"keys"`
	// Problems are the faults, in the order of the log; none: it is intact.
	Problems []Problem `json:"problems"`
}

// Problem is one fault.
type Problem struct {
	// Kind is one of:
	//   - damaged: a record is changed
	//   - missing: records are gone
	//   - duplicate: a record is there again
	//   - reordered: a record is not in its place
	//   - inserted: a line is no record of the log, or a whole file no segment
	//   - segment: a file cannot be read to its end
	//   - tile: a stored hash is not the records'
	//   - checkpoint: a signed checkpoint, here or kept elsewhere, is
	//     contradicted, cannot be checked, or is not there
	//   - signature: a checkpoint is not signed with a key of the log, or with
	//     one that was retired before
	//   - key: the key beside the log is not the one given, or its keys do not
	//     follow from that
	//   - conflict: a segment was set aside when another took its place
	//   - index: what says where a segment's sessions are is not what its records
	//     say; readers of sessions may have been misled
	//   - hold: records were purged that a legal hold kept
	//   - more: problems that are not listed, as many as Count
	//   - proof: one record's proof is none, see [VerifyProof]
	Kind string `json:"kind"`
	// Seq is the first record concerned, Count how many are; -1 and 0 when it
	// is not about records.
	Seq   int64 `json:"seq"`
	Count int64 `json:"count"`
	// ID is the record's id, as far as it can be read.
	ID string `json:"id,omitempty"`
	// Segment is the file, below the log's folder, and Offset where in it,
	// unpacked; -1 when there is no such place.
	Segment string `json:"segment,omitempty"`
	Offset  int64  `json:"offset"`
	// Detail says it for people.
	Detail string `json:"detail"`
}

// The kinds of problems.
const (
	kindDamaged    = "damaged"
	kindMissing    = "missing"
	kindDuplicate  = "duplicate"
	kindReordered  = "reordered"
	kindInserted   = "inserted"
	kindSegment    = "segment"
	kindTile       = "tile"
	kindCheckpoint = "checkpoint"
	kindSignature  = "signature"
	kindKey        = "key"
	kindConflict   = "conflict"
	kindIndex      = "index"
	kindHold       = "hold"
	kindMore       = "more"
	kindProof      = "proof"
)

// Verify proves a log from its files and one key, offline. Fsys is the log's
// own folder, or a copy of it. It goes on after a fault, so that the report
// names all of them: each record by what the hashes of sealed records, or the
// next record's prev, say it must be. The error is for what could not be
// verified at all; a log with faults is a report with problems, of which a
// thousand are listed. Time and memory are bounded by what is signed for and by
// the sizes of the files, whatever somebody has put there.
//
// Whatever reaches beyond the records is a fault: checkpoints and tiles of
// records that are not there, and sealed records that no checkpoint is signed
// for. What leaves no such trace, a whole older state of the log, only a
// checkpoint kept elsewhere tells; see VerifyOptions.Against.
//
// A log that is being written may be verified too: what is in it when Verify
// begins is verified.
func Verify(ctx context.Context, fsys fs.FS, opts VerifyOptions) (*Report, error) {
	v := &verification{ctx: ctx, src: fsSource{fsys}, opts: opts, report: &Report{Problems: []Problem{}}, released: map[string][]uint64{}}
	if err := v.run(); err != nil {
		return nil, fmt.Errorf("verifying log: %w", err)
	}
	return v.report, nil
}

// verification is one Verify under way.
type verification struct {
	ctx    context.Context
	src    fsSource
	opts   VerifyOptions
	report *Report

	given       keyring      // the keys that are trusted
	keys        keyring      // those, and what follows from them
	successions []succession // of keys
	strays      []succession // that follow from none that is trusted
	badKeys     []badFile
	reread      int // how often they were read again for a checkpoint

	listed, more int // problems that are in the report, and that are not any more

	signed    []signedFile // valid checkpoints, by size
	nextCheck int          // the first of them that is not yet reached
	lastGood  uint64       // size of the last one that held
	purged    []statedPurge
	holds     []statedHold
	released  map[string][]uint64 // by hold, the records that say that it is over
	segments  []segment

	partial     []storedTile // unfinished tiles, by end
	nextPartial int          // the first of them that is not yet reached
	farthest    storedTile   // of all tiles

	anchors anchors

	proof     *evidence
	tree      tiling    // of what the records must be
	edge      frontier  // the same
	last      tlog.Hash // of the last record in them
	broken    bool      // what some record must be is unknown: later roots too
	sealedEnd uint64    // records below it must have tiles
	unsigned  uint64    // records below it are sealed without a checkpoint; 0: none are
	tail      entry     // the last line of the last segment judged
	tailIn    segment   // that one
}

func (v *verification) run() error {
	if err := v.readKey(); err != nil {
		return err
	}
	if err := v.readCheckpoints(); err != nil {
		return err
	}
	if err := v.readAnchors(); err != nil {
		return err
	}
	if err := v.listTiles(); err != nil {
		return err
	}
	if err := v.plan(); err != nil {
		return err
	}
	if len(v.segments) == 0 && len(v.signed) == 0 && v.report.Anchors == 0 {
		return errors.New("there is no log in this folder: give the folder that has open/ and sealed/ in it")
	}
	v.proof = newEvidence(v.src, v.signed)
	if err := v.readSegments(); err != nil {
		return err
	}
	v.checkEnd()
	v.excusePurged()
	v.checkHolds()
	v.endList()
	v.report.Signed = v.newest()
	return nil
}

// plan lists the segments, and reports those that should not be there.
func (v *verification) plan() error {
	// The open ones first: what is sealed between is then in both lists.
	open, err := v.listSegments(openFolderName)
	if err != nil {
		return err
	}
	sealed, err := v.listSegments(sealedFolder)
	if err != nil {
		return err
	}
	floor := uint64(0) // of open segments: where the last sealed one begins that is signed for
	for i, s := range sealed {
		if i > 0 && s.first == sealed[i-1].first {
			v.aboutFile(kindDuplicate, s.name, "a second sealed segment that begins at record %d, beside %s", s.first, sealed[i-1].name)
			continue
		}
		v.segments = append(v.segments, s)
		if s.first < v.newest() {
			floor = s.first
		}
	}
	open, _ = withoutTwins(open, v.segments) // a seal under way, or the next start, compares those
	for _, s := range open {
		if s.first < floor {
			v.aboutFile(kindInserted, s.name, "an open segment below sealed ones")
			continue
		}
		v.segments = append(v.segments, s)
	}
	slices.SortFunc(v.segments, func(a, b segment) int { return cmp.Compare(a.first, b.first) })
	if f, ok := v.src.FS.(*StoreFolder); ok {
		strays, err := f.strays()
		if err != nil {
			return err
		}
		for _, name := range strays {
			v.aboutFile(kindInserted, name, "by its name it is none of the log's objects: somebody else put it there")
		}
	}
	aside, err := v.list(kindConflict, conflictFolder)
	for _, name := range aside {
		v.aboutFile(kindConflict, name, "set aside when its sealed name was taken by another object: compare the two")
	}
	return err
}

// listSegments lists the segments in a folder that are files.
func (v *verification) listSegments(folder string) ([]segment, error) {
	names, err := v.list(kindSegment, folder)
	return slices.DeleteFunc(segmentsAmong(names, folder), func(s segment) bool {
		irregular := errors.Is(v.src.regular(s.name), errIrregular)
		if irregular {
			v.aboutFile(kindSegment, s.name, "it cannot be read: %v", errIrregular)
		}
		return irregular
	}), err
}

// list lists a folder. One that is none is a problem like others.
func (v *verification) list(kind, folder string) ([]string, error) {
	names, err := v.src.list(folder)
	if errors.Is(err, errIrregular) {
		v.aboutFile(kind, folder, "it is no folder")
		return nil, nil
	}
	if errors.Is(err, errNoEnd) { // that segment's own problem is told with it
		v.aboutFile(kind, folder, "the batches in it are not verified: %v", errNoEnd)
		return nil, nil
	}
	return names, err
}
