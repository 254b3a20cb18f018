package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/caddyrec/caddyrec/storage"
)

// conflictFolder keeps open segments whose sealed name was already taken by
// something else.
const conflictFolder = "conflict"

// sealJob is a segment to seal: its first size bytes are records [first,end),
// after which the tree's root was root.
type sealJob struct {
	name       string
	first, end uint64
	size       int64
	root       tlog.Hash
	sealed     string // set when it is sealed there already and was only not yet removed
}

// sealer turns written segments into write-once objects, in order and beside
// the commits. Each step may be repeated: after a fault or a crash the whole
// seal is done again and gives the same objects.
type sealer struct {
	log    *Log
	tiling *tiling // of the tree that is sealed; changed by the sealer only, under mu
	last   lastIndex

	mu      sync.Mutex
	pending []sealJob
	wake    chan struct{} // of capacity 1
	done    chan struct{}
}

func (s *sealer) add(job sealJob) {
	s.mu.Lock()
	s.pending = append(s.pending, job)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// mostSealPause is the longest between two attempts to seal.
const mostSealPause = 5 * time.Minute

// run seals until ctx ends. After a failure it tries again in a while, each time
// in a longer one, and when the next segment comes.
func (s *sealer) run(ctx context.Context) {
	defer close(s.done)
	if r := s.log.remote; r != nil {
		select {
		case <-r.owned: // what is before that batch is whole, and nobody else's
		case <-ctx.Done():
			return
		}
	}
	pause := s.log.opts.sealAgain
	again := time.NewTimer(mostSealPause)
	again.Stop()
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-again.C:
		}
		again.Stop()
		if s.sealPending(ctx) {
			pause = s.log.opts.sealAgain
			continue
		}
		again.Reset(pause)
		pause = min(2*pause, mostSealPause)
	}
}

// sealPending seals what waits, in order, and says whether all of it is sealed.
func (s *sealer) sealPending(ctx context.Context) bool {
	for ctx.Err() == nil {
		s.mu.Lock()
		if len(s.pending) == 0 {
			s.mu.Unlock()
			return true
		}
		job := s.pending[0]
		s.mu.Unlock()
		err := s.seal(ctx, job)
		if err != nil && s.log.remote != nil && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist)) {
			err = s.goOnBehind(job, err)
		}
		if err != nil {
			if ctx.Err() == nil {
				s.log.problem(fmt.Errorf("sealing %s: %w; it stays where it is and is tried again", job.name, err))
			}
			return false
		}
		s.mu.Lock()
		s.pending = s.pending[1:]
		s.mu.Unlock()
	}
	return false
}

// seal writes a segment's tiles, checkpoint, index and sealed object, in this order,
// looks at what is there, and only then lets go of the open file.
func (s *sealer) seal(ctx context.Context, job sealJob) error {
	if job.sealed != "" {
		return s.dropTwin(ctx, job)
	}
	f, err := s.log.disk.files().Open(job.name)
	if err != nil {
		return err
	}
	defer f.Close()
	var signed []byte
	p, err := s.newPass(job, f, func(p *pass) (err error) {
		signed, err = s.vouch(ctx, p)
		return err
	})
	if err != nil {
		return err
	}
	conflict, err := s.writeSealed(ctx, p)
	if err == nil && s.log.remote != nil {
		err = conflict // what a store has cannot be set aside
	}
	if err != nil {
		return err
	}
	s.log.announce(signed)
	s.mu.Lock()
	s.tiling = p.tiling
	s.mu.Unlock()
	if conflict != nil {
		err = s.setAside(job, conflict)
	} else {
		err = s.log.disk.remove(job.name)
	}
	if err != nil {
		// What stays is a copy, which readers pass over and the next start sees to.
		s.log.problem(fmt.Errorf("%s is sealed, but could not be removed: %w", job.name, err))
	}
	return nil
}

// vouch makes a segment's tiles durable, then a checkpoint of them, and then its
// index.
func (s *sealer) vouch(ctx context.Context, p *pass) (signed []byte, err error) {
	if err := storage.CreateAll(ctx, s.log.opts.Store, p.tiles); err != nil {
		return nil, err
	}
	c := checkpoint{size: p.job.end, root: p.job.root}
	if signed, err = s.log.signing.sign(c); err != nil {
		return nil, err
	}
	if err := s.log.signing.store(ctx, c, signed); err != nil {
		return nil, err
	}
	return signed, s.writeIndex(ctx, p)
}

// writeSealed writes the sealed object and looks at what then is there.
// Conflict says that another one has its name.
func (s *sealer) writeSealed(ctx context.Context, p *pass) (conflict, err error) {
	object := s.log.prefix + sealedName(p.when, p.job.first)
	err = s.log.opts.Store.Create(ctx, object, p)
	if errors.Is(err, storage.ErrExist) {
		if err := p.finish(); err != nil {
			return nil, err
		}
		same, err := s.sealedIs(ctx, p.job, object)
		if err != nil {
			return nil, fmt.Errorf("reading %s back: %w", object, err)
		}
		if !same {
			return fmt.Errorf("%w, and it is another: %s", storage.ErrExist, object), nil
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if p.err != io.EOF {
		return nil, fmt.Errorf("the store made %s of less than it was given", object)
	}
	same, err := s.holds(ctx, object, p.sum)
	if err != nil {
		return nil, fmt.Errorf("reading %s back: %w", object, err)
	}
	if !same {
		return nil, fmt.Errorf("%s does not hold what was just written to it", object)
	}
	return nil, nil
}

// sealedName is where a segment is once it is sealed: by the hour, in UTC, of
// its first record, so that sealing it again gives the same name.
func sealedName(when time.Time, first uint64) string {
	return fmt.Sprintf("%s/dt=%s/hour=%02d/%012d.ndjson.gz", sealedFolder, when.Format(time.DateOnly), when.Hour(), first)
}

// recordTime is a record's time in UTC; of a record without one it is the
// beginning of 1970, so that it is always the same.
func recordTime(line []byte) time.Time {
	t, err := time.Parse(time.RFC3339Nano, gjson.GetBytes(line, "time").String())
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	return t.UTC()
}
