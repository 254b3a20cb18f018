package frames

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
)

// Recording is a recorded session. It is read in pages, as far as somebody
// watches it, and each page once for all who do.
type Recording struct {
	library *Library
	session string
	used    uint64 // under the library's mu, as size
	size    int

	looking sync.Mutex // held while the log is looked at for what came since

	mu      sync.Mutex
	found   *ledger.Found
	looked  time.Time // when it was found
	pages   []*page
	reading *reading // nil: none is under way

	known     sync.Mutex
	exchanges map[string]int // the first frame of each
}

// pageFrames is how many frames are read at once.
const pageFrames = 64

// page is some frames that follow each other.
type page struct {
	before Frame // the one before the first
	last   Frame
	frames []Shown // nil: they are read again when they are needed
	size   int
	read   time.Time
	fresh  bool   // a later look may say more
	purges uint64 // of the library, when it was begun
}

// Shown is a frame and its JSON, as [Frame.AppendJSON] makes it. Neither is to
// be changed: others are shown the same.
type Shown struct {
	Frame
	JSON []byte
}

// lookMost is how old what is known of a recording may be for who begins to
// watch it: many may begin at once.
const lookMost = 100 * time.Millisecond

// Refresh looks for what came since. Who is shown frames meanwhile does not wait
// for it.
func (r *Recording) Refresh(ctx context.Context) error {
	if r.isFresh() {
		return nil
	}
	r.looking.Lock()
	defer r.looking.Unlock()
	if r.isFresh() { // somebody else has just looked
		return nil
	}
	now := time.Now()
	r.mu.Lock()
	before := r.found
	r.mu.Unlock()
	var found *ledger.Found
	var err error
	if before == nil {
		found, err = r.library.reader.Session(ctx, r.session)
	} else {
		found, err = r.library.reader.More(ctx, before)
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found, r.looked = found, now
	if before == nil {
		return nil
	}
	// What is before the first difference stays as it is.
	same := 0
	for same < min(len(before.Seqs), len(found.Seqs)) && before.Seqs[same] == found.Seqs[same] {
		same++
	}
	if r.reading != nil && same < r.reading.end {
		r.reading.over = true
	}
	if same < max(len(before.Seqs), len(found.Seqs)) {
		r.cut(same / pageFrames)
	}
	return nil
}

// isFresh says whether what is known of the recording is of just now, or nothing
// came since.
func (r *Recording) isFresh() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.found == nil {
		return false
	}
	if next := r.library.nextSeq(); next > 0 { // somebody looks at the log now and then
		return r.found.Next >= next
	}
	return time.Since(r.looked) < lookMost
}

// cut forgets the pages from one on.
func (r *Recording) cut(from int) {
	if from >= len(r.pages) {
		return
	}
	for _, p := range r.pages[from:] {
		r.library.grew(r, -p.size)
	}
	r.pages = slices.Clip(r.pages[:from])
	if r.reading != nil && r.reading.index >= from {
		r.reading.over = true
	}
	r.forgetFrom(from)
}

// forgetFrom forgets the exchanges that begin in a page or later.
func (r *Recording) forgetFrom(page int) {
	r.known.Lock()
	defer r.known.Unlock()
	for exchange, first := range r.exchanges {
		if first >= page*pageFrames {
			delete(r.exchanges, exchange)
		}
	}
}

// firstOf is the number of the first frame of an exchange, of which n is one.
func (r *Recording) firstOf(exchange string, n int) int {
	r.known.Lock()
	defer r.known.Unlock()
	first, seen := r.exchanges[exchange]
	if !seen || first > n {
		first = n
		r.exchanges[exchange] = n
	}
	return first
}

// Len is how many frames there are, as far as is known.
func (r *Recording) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.found == nil {
		return 0
	}
	return len(r.found.Seqs)
}

// Find is the number of the first frame from a record on.
func (r *Recording) Find(seq uint64) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, _ := slices.BinarySearch(r.found.Seqs, seq)
	return n
}

// Frame gives a frame by its number, as soon as it is met where it has to be
// read. The error is [ErrEnd] when there is none yet.
func (r *Recording) Frame(ctx context.Context, n int) (Shown, error) {
	var own *reading
	for {
		r.mu.Lock()
		f, known, err := r.inMemory(n)
		if !known && err == nil && own != nil {
			err = own.err
		}
		if known || err != nil {
			r.mu.Unlock()
			return f, err
		}
		if r.reading == nil {
			own = r.begin(ctx, n/pageFrames)
		}
		more := r.reading.wait()
		r.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return Shown{}, ctx.Err()
		}
	}
}

// inMemory gives a frame if it is in memory. Callers hold mu.
func (r *Recording) inMemory(n int) (f Shown, known bool, err error) {
	if n >= len(r.found.Seqs) {
		return f, false, ErrEnd
	}
	at := n / pageFrames
	if at < len(r.pages) && r.isOld(r.pages[at]) {
		r.cut(at)
	}
	if at < len(r.pages) && r.pages[at].frames != nil {
		return r.pages[at].frames[n%pageFrames], true, nil
	}
	if u := r.reading; u != nil && r.isPurged(u.page) {
		u.over = true
	}
	if u := r.reading; u != nil && !u.over && u.index == at && n%pageFrames < len(u.page.frames) {
		return u.page.frames[n%pageFrames], true, nil
	}
	return f, false, nil
}

// isOld says whether a page in memory may be another one by now.
func (r *Recording) isOld(p *page) bool {
	return p.frames != nil && (r.isPurged(p) || p.fresh && time.Since(p.read) > time.Second)
}

// isPurged says whether records of a page may have been purged since.
func (r *Recording) isPurged(p *page) bool { return p.purges != r.library.purges.Load() }

// hold keeps a page that was just read in memory, and lets go of others of the
// recording if they take more than their part: of all others, where nobody
// counts them any more.
func (r *Recording) hold(p *page) {
	most := mostBytes / 4
	if !r.library.grew(r, p.size) {
		most = 0
	}
	total := 0
	for _, other := range slices.Backward(r.pages) {
		if total += other.size; total > most && other != p && other.size > 0 {
			r.library.grew(r, -other.size)
			total -= other.size
			other.frames, other.size = nil, 0
		}
	}
}
