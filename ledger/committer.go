package ledger

import (
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// committer is the state of the one goroutine that writes the log.
type committer struct {
	batch   []*request
	buf     []byte
	leaves  []tlog.Hash
	bodies  []span // where each record's fields are in buf, without their braces
	closing int    // how many of the batch are
	hasher  leafHasher

	carried []string // data keys that the batch carries

	prev     tlog.Hash    // leaf hash of the last acknowledged record
	seg      *openSegment // nil when a new one must be begun
	poisoned *openSegment // to be read back before that

	failure *CommitError // of the last attempt, nil when it went well
	retryAt time.Time    // of the next attempt while failing
}

// run commits until the queue is closed and empty.
func (l *Log) run() {
	defer close(l.committed)
	c := &l.committer
	age := time.NewTimer(l.opts.SealAfter)
	defer age.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-look.C: // also under load
			l.lookAfterSegment()
		default:
		}
		var closed bool
		c.batch, closed = l.queue.take(c.batch[:0])
		if len(c.batch) == 0 {
			if closed {
				return
			}
			select {
			case <-l.queue.wake:
			case <-look.C:
				l.lookAfterSegment()
			case <-age.C:
				l.rotateIfDue()
				age.Reset(l.sealIn())
			}
			continue
		}
		fresh := c.seg == nil || c.seg.end == c.seg.first
		first := l.tree.size // only this goroutine changes it
		err := l.commit()
		l.queue.finish(c.batch, first, err)
		if c.seg != nil {
			c.seg.growAhead()
			if fresh && err == nil {
				age.Reset(l.sealIn())
			}
			l.rotateIfDue()
		}
		if cap(c.buf) > 2*batchBytes {
			c.buf = nil // a giant's buffer is not kept
		}
	}
}

// commit writes the batch. It lets go of q.copying.
func (l *Log) commit() error {
	c := &l.committer
	l.splice()
	if c.failure != nil && time.Now().Before(c.retryAt) && !l.onlyClosing() {
		return c.failure
	}
	err := l.write()
	if err != nil && c.seg != nil && noSpace(err) {
		c.failure = commitError(err)
		if c.closing < len(c.batch) && l.onlyClosing() {
			err = l.write()
		}
	}
	if err != nil {
		c.failure = commitError(err)
		return c.failure
	}
	if c.closing < len(c.batch) || c.failure != nil && c.failure.Reason != reasonFull {
		c.failure = nil // unless only what closes has a place
	}
	return nil
}

func commitError(err error) *CommitError {
	if noSpace(err) {
		return &CommitError{Reason: reasonFull, Err: err}
	}
	return &CommitError{Reason: reasonUnavailable, Err: err}
}

// span is a part of a buffer.
type span struct{ from, to int }

// splice makes the batch's lines, and their hashes, each of which is in the
// line after.
func (l *Log) splice() {
	defer l.queue.copying.Unlock()
	c := &l.committer
	c.begin()
	for _, r := range c.batch {
		l.line(r, r.fields[1:len(r.fields)-1])
	}
}

func (c *committer) begin() {
	c.buf, c.leaves, c.bodies, c.carried, c.closing = c.buf[:0], c.leaves[:0], c.bodies[:0], c.carried[:0], 0
}

// line adds the next line of the batch; body is its fields without braces.
func (l *Log) line(r *request, body []byte) {
	c := &l.committer
	prev, start := c.prev, len(c.buf)
	if n := len(c.leaves); n > 0 {
		prev = c.leaves[n-1]
	}
	c.buf = appendHead(c.buf, l.tree.size+uint64(len(c.leaves)), prev, l.opts.Log)
	c.bodies = append(c.bodies, span{len(c.buf), len(c.buf) + len(body)})
	c.buf = append(c.buf, body...)
	if r.needs.n > 0 {
		c.carry(&r.needs)
	}
	c.buf = append(c.buf, '}')
	c.leaves = append(c.leaves, c.hasher.sum(c.buf[start:]))
	c.buf = append(c.buf, '\n')
	if r.closing {
		c.closing++
	}
}

// onlyClosing answers those of the batch that do not close anything with the
// failure, on a full disk, and says whether others are left to be written.
func (l *Log) onlyClosing() bool {
	c := &l.committer
	if c.closing == 0 || c.seg == nil || c.failure.Reason != reasonFull {
		return false
	}
	if c.closing == len(c.batch) {
		return true
	}
	old, bodies := c.buf, c.bodies
	c.buf, c.bodies = nil, nil
	c.begin()
	var refused []*request
	rest := c.batch[:0]
	for i, r := range c.batch {
		if !r.closing {
			refused = append(refused, r)
			continue
		}
		rest = append(rest, r)
		l.line(r, old[bodies[i].from:bodies[i].to])
	}
	c.batch = rest
	l.queue.finish(refused, 0, c.failure)
	return true
}

// write makes the spliced batch durable and then counts it in.
func (l *Log) write() error {
	c := &l.committer
	if c.seg == nil {
		if err := l.resume(); err != nil {
			c.retryAt = time.Now().Add(l.opts.retry)
			return err
		}
	}
	if err := c.seg.reserve(len(c.buf), c.closing == len(c.batch)); err != nil {
		if noSpace(err) {
			c.retryAt = time.Now().Add(l.opts.retry)
			return err // nothing was written: the segment is as good as before
		}
		l.poison(err)
		return err
	}
	began := time.Now()
	if err := c.seg.write(c.buf); err != nil {
		l.poison(err)
		return err
	}
	if l.opts.OnCommit != nil {
		l.opts.OnCommit(len(c.leaves), len(c.buf), time.Since(began))
	}
	if c.seg.end == c.seg.first {
		c.seg.since = time.Now()
	}
	c.seg.size += int64(len(c.buf))
	c.seg.end += uint64(len(c.leaves))
	c.seg.keys = append(c.seg.keys, c.carried...)
	c.prev = c.leaves[len(c.leaves)-1]
	l.mu.Lock()
	for _, leaf := range c.leaves {
		l.tree.add(leaf)
	}
	l.last = c.prev
	l.mu.Unlock()
	return nil
}
