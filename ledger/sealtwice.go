package ledger

import (
	"fmt"
	"io"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// goOnBehind is for a log in a store alone, of which another process has sealed
// the beginning of a segment in the moment before it met this one's batch and
// stopped: what is behind that is a segment of its own. Fault is what sealing
// the whole failed with, and comes back when nothing of it is sealed.
//
// What is in the sealed part needs no look of its own: with the rest it must
// give the root that was acknowledged.
func (s *sealer) goOnBehind(job sealJob, fault error) error {
	sealed, err := segments(s.log.storeSource(), sealedFolder)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(sealed, func(c segment) bool { return c.first == job.first })
	if at < 0 {
		return fault
	}
	tiles, size, err := s.tilesOf(sealed[at])
	if err != nil {
		return err
	}
	tree := tiles.frontier()
	if tiles.size > job.end || tiles.size == job.end && tree.root() != job.root {
		return s.log.remote.stop(fmt.Errorf("%w (%s has other records than were committed here)", ErrOtherWriter, sealed[at].name))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tiling = tiles
	if tiles.size < job.end {
		rest := sealJob{name: openName(tiles.size), first: tiles.size, end: job.end, size: job.size - size, root: job.root}
		s.pending = slices.Insert(s.pending, 1, rest)
	}
	return nil
}

// tilesOf adds a sealed segment to what is sealed before it. Whoever sealed it
// has written the tiles. Size is how long it is unpacked.
func (s *sealer) tilesOf(sealed segment) (tiles *tiling, size int64, err error) {
	f, err := openSegmentFile(s.log.storeSource(), sealed)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	tiles = s.tiling.clone()
	var hasher leafHasher
	for lines := newLineReader(f); ; {
		line, _, err := lines.next()
		if err == io.EOF {
			return tiles, lines.off, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("reading %s: %w", sealed.name, err)
		}
		if err := tiles.add(hasher.sum(line), func(tlog.Tile, []tlog.Hash) error { return nil }); err != nil {
			return nil, 0, err
		}
	}
}
