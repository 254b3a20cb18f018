package ledger

import (
	"context"
	"sync"
)

// Bounds of what waits for the committer. Who finds the queue full waits
// outside, as long as its context lets it.
const (
	queueBytes   = 64 << 20
	queueRecords = 1 << 16
	batchBytes   = 4 << 20
)

type requestState uint8

const (
	waiting requestState = iota // in the queue
	taken                       // in the committer's hands
	left                        // taken, and its caller is gone
	done                        // answered
)

// request is one Commit under way. It and its channel are reused.
type request struct {
	fields     []byte
	needs      needs
	closing    bool         // may use the space that is kept for it
	state      requestState // guarded by queue.mu
	answer     chan answer  // of capacity 1
	prev, next *request     // in the queue
}

type answer struct {
	seq uint64
	err error
}

// queue is what waits for the committer, in order of arrival.
type queue struct {
	mu          sync.Mutex
	first, last *request
	records     int
	bytes       int
	maxBytes    int
	closed      bool
	room        chan struct{} // closed when there is room again; nil when nobody waits for it
	wake        chan struct{} // of capacity 1: something came, or the queue closed
	copying     sync.Mutex    // held while the committer reads the fields of a batch
	spare       sync.Pool     // of requests
}

func newQueue() *queue {
	q := &queue{wake: make(chan struct{}, 1), maxBytes: queueBytes}
	q.spare.New = func() any { return &request{answer: make(chan answer, 1)} }
	return q
}

func (q *queue) request(fields []byte, closing bool, keys []string) *request {
	r := q.spare.Get().(*request)
	r.fields, r.closing = fields, closing
	r.needs.set(keys)
	return r
}

// free gives back a request whose answer was taken, or will never come.
func (q *queue) free(r *request) {
	r.fields, r.needs, r.prev, r.next = nil, needs{}, nil, nil
	q.spare.Put(r)
}

// put adds a request, waiting for room. It says whether the queue was open.
func (q *queue) put(ctx context.Context, r *request) (open bool, err error) {
	q.mu.Lock()
	for !q.closed && q.full(r) {
		if q.room == nil {
			q.room = make(chan struct{})
		}
		room := q.room
		q.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return true, ctx.Err()
		}
		q.mu.Lock()
	}
	if q.closed {
		q.mu.Unlock()
		return false, nil
	}
	q.append(r)
	q.mu.Unlock()
	q.signal()
	return true, nil
}

// offer adds a request if the queue is open and has room.
func (q *queue) offer(r *request) bool {
	q.mu.Lock()
	if q.closed || q.full(r) {
		q.mu.Unlock()
		return false
	}
	q.append(r)
	q.mu.Unlock()
	q.signal()
	return true
}

// full says that there is no room for r. The caller holds mu, as it does of
// append.
func (q *queue) full(r *request) bool {
	return q.records > 0 && (q.records >= queueRecords || q.bytes+len(r.fields) > q.maxBytes)
}

func (q *queue) append(r *request) {
	r.state = waiting
	r.prev, r.next = q.last, nil
	if q.last == nil {
		q.first = r
	} else {
		q.last.next = r
	}
	q.last = r
	q.records++
	q.bytes += len(r.fields)
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// unlink takes a request out. The caller holds mu.
func (q *queue) unlink(r *request) {
	if r.prev == nil {
		q.first = r.next
	} else {
		r.prev.next = r.next
	}
	if r.next == nil {
		q.last = r.prev
	} else {
		r.next.prev = r.prev
	}
	q.records--
	q.bytes -= len(r.fields)
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
}

// take moves what waits, up to a batch, to batch. It holds q.copying when it
// returns something: the caller lets go once it has copied the fields.
func (q *queue) take(batch []*request) (_ []*request, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	size := 0
	for q.first != nil && (size == 0 || size+len(q.first.fields) <= batchBytes) {
		r := q.first
		q.unlink(r)
		r.state = taken
		size += len(r.fields)
		batch = append(batch, r)
	}
	if len(batch) > 0 {
		q.copying.Lock()
	}
	return batch, q.closed
}

// leave is for a caller whose time is over. It says whether the request was
// still waiting, or taken, and so what may have become of it; when it is done
// the answer is in its channel. Afterwards the caller's fields are not read.
func (q *queue) leave(r *request) requestState {
	q.mu.Lock()
	state := r.state
	switch state {
	case waiting:
		q.unlink(r)
	case taken:
		r.state = left
	}
	q.mu.Unlock()
	if state == taken {
		q.copying.Lock()
		//lint:ignore SA2001 it only waits until the fields are copied
		q.copying.Unlock()
	}
	return state
}

// finish answers a batch: request i committed as first+i, or err for all.
func (q *queue) finish(batch []*request, first uint64, err error) {
	q.mu.Lock()
	for i, r := range batch {
		if r.state == left {
			q.free(r)
			continue
		}
		r.state = done
		if err != nil {
			r.answer <- answer{err: err}
		} else {
			r.answer <- answer{seq: first + uint64(i)}
		}
	}
	q.mu.Unlock()
	clear(batch)
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
	q.mu.Unlock()
	q.signal()
}
