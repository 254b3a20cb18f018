package ledger

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"
)

// pollEvery is how soon Follow sees a new record.
const pollEvery = 200 * time.Millisecond

// Follow gives fn the records of a log from seq from on, as [Walk] does, and
// then those that come, until ctx ends or fn returns an error, which it
// returns. Dir is the log's own folder; it need not exist yet.
//
// It reads what is written, which a moment later is durable. Should the disk
// fail in that moment, a record it gave was never acknowledged; the one that
// takes its seq is then given too, under the same seq.
func Follow(ctx context.Context, dir string, from uint64, fn func(Line) error) error {
	w := newFollower(ctx, fsSource{os.DirFS(dir)}, from, fn)
	return w.follow(ctx, pollEvery, w.poll)
}

// newFollower is a walker that ends with ctx between two records.
func newFollower(ctx context.Context, src source, from uint64, fn func(Line) error) *walker {
	return &walker{src: src, next: from, fn: func(line Line) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(line)
	}}
}

// follow has look read what is new, now and then, until ctx ends.
func (w *walker) follow(ctx context.Context, every time.Duration, look func() error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := look()
		var fault *callbackError
		if errors.As(err, &fault) {
			return fault.err
		}
		if err != nil && !(errors.Is(err, fs.ErrNotExist) && w.moved()) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// poll reads what is new. While the segment it is in is the last open one, that
// is its tail only.
func (w *walker) poll() error {
	if w.current.name == "" {
		return w.round()
	}
	open, err := segments(w.src, openFolderName)
	if err != nil {
		return err
	}
	if n := len(open); n > 0 && open[n-1] == w.current {
		return w.read(w.current, noLimit)
	}
	// The next segment begins below what was read: those records were written
	// but never acknowledged.
	for _, s := range open {
		if s.first > w.current.first {
			w.next = min(w.next, s.first)
			break
		}
	}
	return w.round()
}
