package frames

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
)

// Library has the recorded sessions of one log. What many watch at once it
// reads once. Its methods may be called at once by any number of goroutines.
type Library struct {
	reader *ledger.Reader
	purges atomic.Uint64 // how often Purged was called

	mu         sync.Mutex
	recordings map[string]*Recording
	size       int // bytes of the frames that are in memory
	clock      uint64
	watchers   int           // who wait for what comes
	next       uint64        // the log's next seq, while somebody does
	changed    chan struct{} // closed when something came
	stop       context.CancelFunc
	stopped    chan struct{}
}

// Bounds of what is kept in memory of what is watched, or was of late.
const (
	mostBytes      = 64 << 20
	mostRecordings = 256
)

// lookEvery is how soon a new record is shown to who watches.
const lookEvery = 200 * time.Millisecond

// NewLibrary reads through r.
func NewLibrary(r *ledger.Reader) *Library {
	return &Library{reader: r, recordings: map[string]*Recording{}, changed: make(chan struct{})}
}

// Purged says that records of the log were purged: nothing that was read of it
// before is shown any more.
func (l *Library) Purged() { l.purges.Add(1) }

// Open finds a recorded session. What is known of it already may not be all:
// [Recording.Refresh] says what came since, so that who begins to watch is shown
// the first frame at once. The error wraps [fs.ErrNotExist] when the log has no
// record of it.
func (l *Library) Open(ctx context.Context, session string) (*Recording, error) {
	l.mu.Lock()
	r := l.recordings[session]
	if r == nil {
		r = &Recording{library: l, session: session, exchanges: map[string]int{}}
		l.recordings[session] = r
		l.forgetSome(r)
	}
	l.clock++
	r.used = l.clock
	l.mu.Unlock()
	if r.Len() > 0 {
		return r, nil
	}
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	if r.Len() == 0 {
		l.mu.Lock()
		if l.recordings[session] == r {
			delete(l.recordings, session)
		}
		l.mu.Unlock()
		return nil, fmt.Errorf("the log has no record of session %s: %w", session, fs.ErrNotExist)
	}
	return r, nil
}

// forgetSome drops what was not used for longest until there is room. Who still
// reads it reads on. Callers hold mu.
func (l *Library) forgetSome(but *Recording) {
	if l.size <= mostBytes && len(l.recordings) <= mostRecordings {
		return
	}
	all := make([]*Recording, 0, len(l.recordings))
	for _, r := range l.recordings {
		if r != but {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *Recording) int { return cmp.Compare(a.used, b.used) })
	for _, r := range all {
		if l.size <= mostBytes && len(l.recordings) <= mostRecordings {
			return
		}
		delete(l.recordings, r.session)
		l.size -= r.size
		r.size = 0
	}
}

// grew says that a recording takes more memory, or less, and whether that is
// counted: a recording may have been dropped already.
func (l *Library) grew(r *Recording, by int) (counted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.recordings[r.session] != r {
		return false
	}
	r.size += by
	l.size += by
	l.forgetSome(r)
	return true
}

// Watch has the log looked at for new records until the returned function is
// called. Without it, a recording is what it was when it was last refreshed.
func (l *Library) Watch() (done func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watchers++; l.watchers == 1 {
		ctx, stop := context.WithCancel(context.Background())
		l.stop, l.stopped = stop, make(chan struct{})
		go l.look(ctx, l.stopped)
	}
	return sync.OnceFunc(func() {
		l.mu.Lock()
		l.watchers--
		stopped := l.stopped
		last := l.watchers == 0
		if last {
			l.stop()
			l.next, l.stopped = 0, nil
		}
		l.mu.Unlock()
		if last {
			<-stopped
		}
	})
}

// look tells, as long as somebody watches, when the log has grown.
func (l *Library) look(ctx context.Context, stopped chan struct{}) {
	defer close(stopped)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if next, err := l.reader.Next(ctx); err == nil && next != l.nextSeq() {
			l.mu.Lock()
			if l.stopped == stopped {
				l.next = next
			}
			close(l.changed)
			l.changed = make(chan struct{})
			l.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (l *Library) nextSeq() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// Changed is closed when the log has grown since it was asked for, if somebody
// watches.
func (l *Library) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// ErrEnd says that a recording has no further frame, for now.
var ErrEnd = errors.New("the recording has no further frame")
