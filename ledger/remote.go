package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

// ErrOtherWriter says that another process has gone on with a log that is
// committed batch by batch: where this one's next batch belongs there is
// another. Nothing more is committed by this process.
var ErrOtherWriter = errors.New("another process writes this log: stop one of them, or give it a log of its own, and start it again")

// remote is a log's folder in a store alone, for a machine without a disk. Each
// batch is an object, open/<seq of its first record>.ndjson, that is created if
// it is not there: so of two processes that would go on with a log from the same
// record one loses, and stops.
//
// A batch whose fate is not known is tried until it is: nothing else is written
// in its place meanwhile, as with a disk that hangs. One that is there already
// with the same bytes is this process's own, whose answer was lost.
type remote struct {
	folder *StoreFolder
	store  storage.Store // for batches
	prefix string
	report func(error)

	ctx    context.Context
	giveUp context.CancelFunc // of what is tried again and again
	first  sync.Once
	owned  chan struct{} // closed when a batch is there: no other process can go on before it

	mu      sync.Mutex
	lost    error    // why nothing more is written; nil while it is
	begun   []uint64 // where segments begin that this process made
	latest  string   // the newest checkpoint that it made
	unswept error    // why what is sealed stays; nil while it does not
}

func newRemote(store, batches storage.Store, log string, report func(error)) *remote {
	r := &remote{store: batches, prefix: "ledger/" + log + "/", report: report, owned: make(chan struct{})}
	r.ctx, r.giveUp = context.WithCancel(context.Background())
	r.folder = NewStoreFolder(r.ctx, store, log, nil)
	return r
}

func (r *remote) files() fs.FS { return r.folder }

func (r *remote) sync(string) error { return nil }

func (r *remote) rename(from, _ string) error {
	return fmt.Errorf("%s stays where it is: nothing in a store has two names", from)
}

func (r *remote) create(name string) (segmentFile, error) {
	if err := r.stopped(); err != nil {
		return nil, err
	}
	first := segmentsAmong([]string{name}, openFolderName)[0].first
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = append(r.begun, first)
	return &remoteSegment{remote: r}, nil
}

func (r *remote) stopped() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// stop writes nothing more, and says why.
func (r *remote) stop(why error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost == nil {
		r.lost = why
	}
	return r.lost
}

// The pauses between attempts to bring a batch to the store.
const (
	firstPause = 20 * time.Millisecond
	mostPause  = time.Second
)

// put creates a batch, and returns when it is there.
func (r *remote) put(batch storage.Object) error {
	if err := r.stopped(); err != nil {
		return err
	}
	told := false
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		err := r.store.Create(r.ctx, batch.Name, bytes.NewReader(batch.Data))
		if errors.Is(err, storage.ErrExist) {
			if err = storage.Same(r.ctx, r.store, batch); errors.Is(err, storage.ErrExist) {
				return r.stop(fmt.Errorf("%w (%s is there)", ErrOtherWriter, batch.Name))
			}
		}
		if err == nil {
			r.first.Do(func() { close(r.owned) })
			return nil
		}
		if r.ctx.Err() != nil {
			return r.stop(fmt.Errorf("whether it is there is not known, and the log is closed: %w", err))
		}
		if !told {
			told = true
			r.report(fmt.Errorf("nothing is recorded until the store takes %s: %w", batch.Name, err))
		}
		select {
		case <-r.ctx.Done():
		case <-time.After(pause):
		}
	}
}

// replace puts a newer checkpoint beside those before.
func (r *remote) replace(name string, data []byte) error {
	_, c, err := parseCheckpoint(string(data))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	const others = 64 // of the same size: each change of the signing key makes one
	for n := range others {
		object := storage.Object{Name: r.prefix + latestName(c.size, n), Data: data}
		err = storage.CreateAll(r.ctx, r.store, []storage.Object{object})
		if err == nil {
			r.mu.Lock()
			r.latest = max(r.latest, strings.TrimPrefix(object.Name, r.prefix))
			r.mu.Unlock()
		}
		if !errors.Is(err, storage.ErrExist) {
			break
		}
	}
	return err
}

// remove lets go of the batches up to where the segment of that name ends, and of
// all but the newest checkpoint. What the store still retains goes after the
// next seal. A segment that none of this process's follows has not ended.
func (r *remote) remove(name string) error {
	first := segmentsAmong([]string{name}, openFolderName)[0].first
	r.mu.Lock()
	end, known := uint64(noLimit), false
	for _, next := range r.begun {
		if next > first {
			end, known = min(end, next), true
		}
	}
	if known {
		r.begun = slices.DeleteFunc(r.begun, func(n uint64) bool { return n < end })
	}
	r.mu.Unlock()
	if !known {
		return nil
	}
	err := r.sweep(end)
	r.mu.Lock()
	defer r.mu.Unlock()
	if again := r.unswept != nil; err != nil && again {
		return nil // it is known
	}
	r.unswept = err
	return err
}

// sweep deletes, the oldest first, what is sealed, until it meets what must stay.
func (r *remote) sweep(end uint64) error {
	retainer, ok := r.store.(storage.Retainer)
	if !ok {
		return nil
	}
	names, err := r.folder.list(openFolderName)
	if err != nil {
		return err
	}
	var old []string
	for _, b := range segmentsAmong(own(names, IsBatch), openFolderName) {
		if b.first < end {
			old = append(old, b.name)
		}
	}
	if err := r.deleteOld(retainer, old); err != nil {
		return err
	}
	if names, err = r.folder.list(latestFolder); err != nil {
		return err
	}
	names = own(names, isLatestName)
	// What is behind the own one is not: that must not go for it.
	r.mu.Lock()
	n, _ := slices.BinarySearch(names, r.latest)
	r.mu.Unlock()
	return r.deleteOld(retainer, names[:min(n, max(len(names)-1, 0))])
}

// deleteOld deletes objects in order until it meets one that must stay.
func (r *remote) deleteOld(retainer storage.Retainer, names []string) error {
	for some := range slices.Chunk(names, readAhead) {
		errs := make([]error, len(some))
		var all sync.WaitGroup
		for i, name := range some {
			all.Go(func() { errs[i] = retainer.Delete(r.ctx, r.prefix+name) })
		}
		all.Wait()
		for _, err := range errs {
			if errors.Is(err, storage.ErrRetained) {
				return nil
			}
			if err != nil && !errors.Is(err, storage.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// remoteSegment is a segment that is written batch by batch. Its space is not
// this machine's.
type remoteSegment struct {
	remote *remote
	staged []byte // from WriteAt until syncData
}

// WriteAt keeps a batch until it is synced.
func (s *remoteSegment) WriteAt(p []byte, _ int64) (int, error) {
	s.staged = p
	return len(p), nil
}

func (s *remoteSegment) syncData() error {
	batch := s.staged
	s.staged = nil
	line, _, _ := bytes.Cut(batch, []byte("\n"))
	h, ok := parseHead(line)
	if !ok {
		return errors.New("a batch does not begin with a record")
	}
	return s.remote.put(storage.Object{Name: s.remote.prefix + openName(h.seq), Data: batch})
}

// ReadAt is for a segment that was given up, which happens only when nothing
// more is written at all.
func (s *remoteSegment) ReadAt([]byte, int64) (int, error) {
	if err := s.remote.stopped(); err != nil {
		return 0, err
	}
	return 0, io.ErrUnexpectedEOF
}

func (s *remoteSegment) extend(int64, int64) error { return nil }

func (s *remoteSegment) truncate(int64) error { return nil }

func (s *remoteSegment) forget() {}

func (s *remoteSegment) misplaced(int64) error { return nil }

func (s *remoteSegment) Close() error { return nil }
