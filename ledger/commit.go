package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Receipt says where a record is.
type Receipt struct {
	// Seq is its index in the log, from 0.
	Seq uint64
}

// CommitError says why a record was not acknowledged.
type CommitError struct {
	// Reason is a fixed word for programs:
	//   - ledger-timeout: the context ended first. If the record was already
	//     being written it may yet be in the log.
	//   - ledger-full: the disk, or the quota, is full.
	//   - ledger-unavailable: the disk fails, or the fields are no record.
	//   - ledger-closed: Close was called.
	Reason string
	// Err is what happened.
	Err error
	// Uncertain: the record was being written, so it may yet be in the log.
	Uncertain bool
}

// MaxFields is how long a record's fields may be, in bytes.
const MaxFields = maxLine - 1024

// The reasons of a CommitError.
const (
	reasonTimeout     = "ledger-timeout"
	reasonFull        = "ledger-full"
	reasonUnavailable = "ledger-unavailable"
	reasonClosed      = "ledger-closed"
)

func (e *CommitError) Error() string { return e.Reason + ": " + e.Err.Error() }

func (e *CommitError) Unwrap() error { return e.Err }

var errClosed = &CommitError{Reason: reasonClosed, Err: errors.New("the log was closed")}

// Commit adds a record and returns once it is durable. Fields is a strict JSON
// object on one line, not empty, without seq, prev and log: those the log puts
// before them. They are not read after Commit returns. Records of one caller,
// one after the other, are in the log in that order.
//
// Commit waits no longer than ctx. A record that was still waiting then is
// not written; one being written may yet be in the log, though nobody was
// told so. Every error is a [*CommitError].
func (l *Log) Commit(ctx context.Context, fields []byte) (Receipt, error) {
	return l.add(ctx, fields, false)
}

// CommitClosing is Commit for a record that ends what an earlier one began,
// such as a request's outcome after its intent. 1 MiB of the disk is kept for
// such records: when it is full, they still find a place where others do not.
func (l *Log) CommitClosing(ctx context.Context, fields []byte) (Receipt, error) {
	return l.add(ctx, fields, true)
}

func (l *Log) add(ctx context.Context, fields []byte, closing bool) (Receipt, error) {
	if err := checkFields(fields); err != nil {
		return Receipt{}, err
	}
	r := l.queue.request(fields, closing)
	if err := l.enqueue(ctx, r); err != nil {
		return Receipt{}, err
	}
	return l.await(ctx, r, nil)
}

// CommitWithin is [Log.Commit], or, with closing, [Log.CommitClosing], for no
// longer than d. It is what each request does, and makes no context.
func (l *Log) CommitWithin(d time.Duration, fields []byte, closing bool) (Receipt, error) {
	if err := checkFields(fields); err != nil {
		return Receipt{}, err
	}
	r := l.queue.request(fields, closing)
	if !l.queue.offer(r) {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		if err := l.enqueue(ctx, r); err != nil {
			return Receipt{}, err
		}
		return l.await(ctx, r, nil)
	}
	late := timers.Get().(*time.Timer)
	late.Reset(d)
	receipt, err := l.await(context.Background(), r, late.C)
	late.Stop()
	timers.Put(late)
	return receipt, err
}

var timers = sync.Pool{New: func() any {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}}

// enqueue puts r before the committer.
func (l *Log) enqueue(ctx context.Context, r *request) error {
	open, err := l.queue.put(ctx, r)
	switch {
	case !open:
		err = errClosed
	case err != nil:
		err = &CommitError{Reason: reasonTimeout, Err: fmt.Errorf("waiting for room in the queue: %w", err)}
	default:
		return nil
	}
	l.queue.free(r)
	return err
}

// await waits for r's answer, until ctx ends or late tells that it is late.
func (l *Log) await(ctx context.Context, r *request, late <-chan time.Time) (Receipt, error) {
	var over error
	select {
	case a := <-r.answer:
		l.queue.free(r)
		return Receipt{a.seq}, a.err
	case <-ctx.Done():
		over = ctx.Err()
	case <-late:
		over = context.DeadlineExceeded
	}
	switch l.queue.leave(r) {
	case waiting:
		l.queue.free(r)
		return Receipt{}, &CommitError{Reason: reasonTimeout, Err: fmt.Errorf("not written: %w", over)}
	case taken:
		return Receipt{}, &CommitError{Reason: reasonTimeout, Err: fmt.Errorf("being written, so it may yet be in the log: %w", over), Uncertain: true}
	}
	a := <-r.answer
	l.queue.free(r)
	return Receipt{a.seq}, a.err
}

// checkFields refuses what would break the log's lines. It is a guard against
// programming errors, not a parser.
func checkFields(fields []byte) error {
	wrong := ""
	switch {
	case len(fields) < len(`{"":0}`) || !bytes.HasPrefix(fields, []byte(`{"`)) || fields[len(fields)-1] != '}':
		wrong = "is no JSON object with fields"
	case len(fields) > MaxFields:
		wrong = fmt.Sprintf("of %d bytes is longer than %d", len(fields), MaxFields)
	case bytes.IndexByte(fields, '\n') >= 0:
		wrong = "holds a newline"
	case bytes.IndexByte(fields, 0) >= 0:
		wrong = "holds a NUL"
	}
	if wrong == "" {
		return nil
	}
	return &CommitError{Reason: reasonUnavailable, Err: errors.New("the record " + wrong)}
}

// committer is the state of the one goroutine that writes the log.
type committer struct {
	batch   []*request
	buf     []byte
	leaves  []tlog.Hash
	bodies  []span // where each record's fields are in buf, without their brace
	closing int    // how many of the batch are
	hasher  leafHasher

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
		l.line(r, r.fields[1:])
	}
}

func (c *committer) begin() {
	c.buf, c.leaves, c.bodies, c.closing = c.buf[:0], c.leaves[:0], c.bodies[:0], 0
}

// line adds the next line of the batch.
func (l *Log) line(r *request, body []byte) {
	c := &l.committer
	prev, start := c.prev, len(c.buf)
	if n := len(c.leaves); n > 0 {
		prev = c.leaves[n-1]
	}
	c.buf = appendHead(c.buf, l.tree.size+uint64(len(c.leaves)), prev, l.opts.Log)
	c.bodies = append(c.bodies, span{len(c.buf), len(c.buf) + len(body)})
	c.buf = append(c.buf, body...)
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
	c.prev = c.leaves[len(c.leaves)-1]
	l.mu.Lock()
	for _, leaf := range c.leaves {
		l.tree.add(leaf)
	}
	l.mu.Unlock()
	return nil
}
