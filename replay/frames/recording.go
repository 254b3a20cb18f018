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

	reading chan struct{} // of capacity 1, full while a page is read: nobody waits for the store under mu

	mu      sync.Mutex
	found   *ledger.Found
	looked  time.Time // when it was found
	pages   []*page
	version int // counts what makes a page that is being read another

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
	fresh  bool // a later look may say more
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
	r.version++
	if before == nil {
		return nil
	}
	// What is before the first difference stays as it is.
	same := 0
	for same < min(len(before.Seqs), len(found.Seqs)) && before.Seqs[same] == found.Seqs[same] {
		same++
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
	r.version++
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

// Frame gives a frame by its number. The error is [ErrEnd] when there is none
// yet.
func (r *Recording) Frame(ctx context.Context, n int) (Shown, error) {
	for {
		if f, known, err := r.inMemory(n); known || err != nil {
			return f, err
		}
		if err := r.load(ctx, n/pageFrames); err != nil {
			return Shown{}, err
		}
	}
}

// inMemory gives a frame if its page is in memory.
func (r *Recording) inMemory(n int) (f Shown, known bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n >= len(r.found.Seqs) {
		return f, false, ErrEnd
	}
	at := n / pageFrames
	if at < len(r.pages) && r.pages[at].fresh && time.Since(r.pages[at].read) > time.Second {
		r.cut(at)
	}
	if at >= len(r.pages) || r.pages[at].frames == nil {
		return f, false, nil
	}
	return r.pages[at].frames[n%pageFrames], true, nil
}

// load reads a page, or the next one on the way to it. Pages are read one at a
// time, and who waits for another's reading minds its own context.
func (r *Recording) load(ctx context.Context, at int) error {
	select {
	case r.reading <- struct{}{}:
		defer func() { <-r.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mu.Lock()
	index, before := len(r.pages), Frame{}
	switch {
	case at < index && r.pages[at].frames != nil: // somebody else has just read it
		r.mu.Unlock()
		return nil
	case at < index:
		index, before = at, r.pages[at].before
	case index > 0:
		before = r.pages[index-1].last
	}
	from := index * pageFrames
	if from >= len(r.found.Seqs) { // it has become shorter
		r.mu.Unlock()
		return nil
	}
	seqs, version := r.found.Seqs[from:min(from+pageFrames, len(r.found.Seqs))], r.version
	r.mu.Unlock()
	p, err := r.read(ctx, from, seqs, before)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.version != version: // meanwhile it has become another
		r.forgetFrom(index)
		return nil
	case index == len(r.pages):
		r.pages = append(r.pages, p)
	default:
		*r.pages[index] = *p
		p = r.pages[index]
	}
	r.hold(p)
	return nil
}

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
