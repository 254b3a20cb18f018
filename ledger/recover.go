package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// recovered is a log as it was found.
type recovered struct {
	base    *tiling // of the sealed records
	tree    frontier
	prev    tlog.Hash // leaf hash of the last record
	jobs    []sealJob // open segments to seal, in order
	signed  uint64    // size of the newest checkpoint in the folder
	cut     int64     // bytes of a torn tail left out
	cutFrom string    // the segment they are in
}

// lostError says that a log is not what it signed or acknowledged.
type lostError struct{ what string }

func (e *lostError) Error() string {
	return "acknowledged records are missing or changed: " + e.what +
		"; keep the folder as evidence, run `caddy rec verify` on it, and start a log under another name to go on"
}

func lost(format string, args ...any) error { return &lostError{fmt.Sprintf(format, args...)} }

// restore reads a log's folder: the sealed part from its tiles alone, the open
// segments record by record.
func (l *Log) restore() (*recovered, error) {
	disk, store := fsSource{l.disk.files()}, l.storeSource()
	sealed, err := segments(store, sealedFolder)
	if err != nil {
		return nil, fmt.Errorf("listing sealed segments: %w", err)
	}
	if l.remote != nil {
		sealed = slices.DeleteFunc(sealed, func(s segment) bool { return !isSealedName(s.name) })
		if err := l.tellStrays(); err != nil {
			return nil, err
		}
	}
	open, err := segments(disk, openFolderName)
	if err != nil {
		return nil, err
	}
	open, twins := withoutTwins(open, sealed)
	signed, err := l.readCheckpoints(open)
	if err != nil {
		return nil, err
	}
	state := &recovered{signed: signed.latest.size}
	if err := l.restoreBase(state, open, signed); err != nil {
		return nil, err
	}
	for i, s := range open {
		limit := noLimit
		if i+1 < len(open) {
			limit = open[i+1].first
		}
		if err := l.replay(state, s, limit, signed); err != nil {
			return nil, err
		}
	}
	if state.cut > 0 && l.remote != nil { // a batch is there whole, or not at all
		return nil, lost("behind record %d in the store is what does not follow it: a batch is changed, missing, or another process's", int64(state.tree.size)-1)
	}
	if newest := signed.newest(); newest.size > state.tree.size {
		return nil, lost("the checkpoint at %d records is signed, the files hold %d", newest.size, state.tree.size)
	}
	if keys := l.signing.ring(); len(keys) > 1 && keys[len(keys)-2].until > state.tree.size {
		return nil, lost("the signing key was changed at %d records, the files hold %d", keys[len(keys)-2].until, state.tree.size)
	}
	if n := len(sealed); n > 0 && sealed[n-1].first >= state.tree.size {
		return nil, lost("sealed segment %s is there, but the log's checkpoints and open segments end at %d records", sealed[n-1].name, state.tree.size)
	}
	for _, j := range state.jobs {
		// What the last process wrote may be in memory only: it counts from now
		// on, so it must be durable.
		if err := l.disk.sync(j.name); err != nil {
			return nil, fmt.Errorf("syncing %s: %w", j.name, err)
		}
	}
	state.jobs = append(twinJobs(twins), state.jobs...)
	return state, nil
}

// withoutTwins takes out the open segments that are sealed already and were
// only not yet removed.
func withoutTwins(open, sealed []segment) (rest []segment, twins []twin) {
	at := map[uint64]string{}
	for _, s := range sealed {
		at[s.first] = s.name
	}
	for _, s := range open {
		if name, ok := at[s.first]; ok {
			twins = append(twins, twin{s, name})
		} else {
			rest = append(rest, s)
		}
	}
	return rest, twins
}

// twin is an open segment and the sealed one of the same records.
type twin struct {
	open   segment
	sealed string
}

func twinJobs(twins []twin) (jobs []sealJob) {
	for _, t := range twins {
		jobs = append(jobs, sealJob{name: t.open.name, first: t.open.first, sealed: t.sealed})
	}
	return jobs
}

// replay reads an open segment up to record limit, and adds what is intact.
func (l *Log) replay(state *recovered, s segment, limit uint64, signed *checkpoints) error {
	if s.first != state.tree.size {
		return lost("segment %s begins at record %d, the one before ends at %d", s.name, s.first, state.tree.size)
	}
	f, err := l.disk.files().Open(s.name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := newLineReader(f)
	var hasher leafHasher
	var size int64
	var doubtful *recovered // before the last line, while nothing confirms that line
	for state.tree.size < limit {
		line, _, err := lines.next()
		if err == io.EOF || err == errTail || err == errLong {
			break
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", s.name, err)
		}
		h, ok := parseHead(line)
		if !ok || !h.follows(state.tree.size, state.prev) || string(h.log) != l.opts.Log {
			break
		}
		before := *state
		state.prev = hasher.sum(line)
		state.tree.add(state.prev)
		size = lines.off
		doubtful = nil
		if _, err := jsonscan.Check(line, jsonscan.Limits{}); err != nil {
			doubtful = &before
		} else {
			l.onRecord.replayed(line, h.seq, h.seq < signed.newest().size)
		}
		if err := signed.check(&state.tree); err != nil {
			return err
		}
	}
	if doubtful != nil && state.tree.size > signed.newest().size {
		// Only its own bytes vouch for the last record, and they are no JSON.
		state.tree, state.prev = doubtful.tree, doubtful.prev
		size = lastLineStart(l, s, size)
	}
	if limit != noLimit && state.tree.size < limit {
		return lost("segment %s is intact up to record %d only, the next one begins at %d", s.name, state.tree.size, limit)
	}
	if state.tree.size > s.first {
		state.cut, state.cutFrom = 0, "" // what lies behind an earlier segment was never acknowledged
		state.jobs = append(state.jobs, sealJob{name: s.name, first: s.first, end: state.tree.size, size: size, root: state.tree.root()})
	}
	again, err := l.disk.files().Open(s.name)
	if err != nil {
		return err
	}
	defer again.Close()
	end, err := dataEnd(again)
	if err != nil {
		return fmt.Errorf("reading %s: %w", s.name, err)
	}
	if end > size {
		state.cut, state.cutFrom = state.cut+end-size, s.name
	}
	return nil
}

// lastLineStart is where the line begins that ends at size.
func lastLineStart(l *Log, s segment, size int64) int64 {
	f, err := l.disk.files().Open(s.name)
	if err != nil {
		return 0
	}
	defer f.Close()
	lines := newLineReader(io.LimitReader(f, size))
	start := int64(0)
	for {
		_, off, err := lines.next()
		if err != nil {
			return start
		}
		start = off
	}
}

// dataEnd is how long a segment is without the zeros at its end.
func dataEnd(f io.Reader) (int64, error) {
	var off, end int64
	buf := make([]byte, 256<<10)
	for {
		n, err := f.Read(buf)
		if trimmed := len(bytes.TrimRight(buf[:n], "\x00")); trimmed > 0 {
			end = off + int64(trimmed)
		}
		off += int64(n)
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			return 0, err
		}
	}
}
