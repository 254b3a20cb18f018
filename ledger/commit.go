package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
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
//
// Keys, two at most, are what it takes to read the record, encrypted themselves:
// JSON objects on one line. Those that no earlier record of the same segment
// carries are written with this one, as its data_keys.
func (l *Log) Commit(ctx context.Context, fields []byte, keys ...string) (Receipt, error) {
	return l.add(ctx, fields, false, keys)
}

// CommitClosing is Commit for a record that ends what an earlier one began,
// such as a request's outcome after its intent. 1 MiB of the disk is kept for
// such records: when it is full, they still find a place where others do not.
func (l *Log) CommitClosing(ctx context.Context, fields []byte, keys ...string) (Receipt, error) {
	return l.add(ctx, fields, true, keys)
}

func (l *Log) add(ctx context.Context, fields []byte, closing bool, keys []string) (Receipt, error) {
	if err := checkRecord(fields, keys); err != nil {
		return Receipt{}, err
	}
	r := l.queue.request(fields, closing, keys)
	if err := l.enqueue(ctx, r); err != nil {
		return Receipt{}, err
	}
	return l.await(ctx, r, nil)
}

// CommitWithin is [Log.Commit], or, with closing, [Log.CommitClosing], for no
// longer than d: with nothing left of it, nothing is written. It is what each
// request does, and makes no context.
func (l *Log) CommitWithin(d time.Duration, fields []byte, closing bool, keys ...string) (Receipt, error) {
	if err := checkRecord(fields, keys); err != nil {
		return Receipt{}, err
	}
	if d <= 0 {
		return Receipt{}, &CommitError{Reason: reasonTimeout, Err: errors.New("not written: no time is left")}
	}
	r := l.queue.request(fields, closing, keys)
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
