package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/caddyrec/caddyrec/storage"
)

// readAhead is how many batches are fetched at once: each is an object of its
// own, and the way to it takes longer than its bytes.
const readAhead = 16

// mostBatch bounds a batch, in bytes: it is one record, or some whose fields are
// no longer than batchBytes. Whoever can write to the bucket can put anything
// there.
const mostBatch = maxLine + batchBytes

// mostAhead bounds what is fetched of a batch before its turn, in bytes. Few are
// longer: they would fill the memory if all of those ahead were.
const mostAhead = 2 * batchBytes

// batchReader reads objects one behind the other, as one file.
type batchReader struct {
	ctx   context.Context
	store storage.Store
	ahead chan chan fetched // in order
	now   []byte
	err   error
	stop  context.CancelFunc
	all   sync.WaitGroup
}

type fetched struct {
	data []byte
	err  error
	long string // the name of a batch that is only read when its turn comes
}

func newBatchReader(ctx context.Context, store storage.Store, names []string) *batchReader {
	ctx, stop := context.WithCancel(ctx)
	b := &batchReader{ctx: ctx, store: store, ahead: make(chan chan fetched, readAhead), stop: stop}
	b.all.Go(func() {
		defer close(b.ahead)
		for _, name := range names {
			one := make(chan fetched, 1)
			select {
			case b.ahead <- one:
			case <-ctx.Done():
				return
			}
			b.all.Go(func() {
				data, err := readUpTo(ctx, store, name, mostAhead)
				if errors.Is(err, errLongBatch) {
					one <- fetched{long: name}
					return
				}
				one <- fetched{data: data, err: err}
			})
		}
	})
	return b
}

var errLongBatch = errors.New("it is longer than a batch can be")

// readUpTo reads a batch of up to most bytes.
func readUpTo(ctx context.Context, store storage.Store, name string, most int64) ([]byte, error) {
	r, err := store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, fmt.Errorf("%s: %w", name, errLongBatch)
	}
	return data, err
}

// Read implements [io.Reader].
func (b *batchReader) Read(p []byte) (int, error) {
	for len(b.now) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		one, more := <-b.ahead
		if !more {
			b.err = io.EOF
			continue
		}
		got := <-one
		if b.now, b.err = got.data, got.err; got.long != "" {
			b.now, b.err = readUpTo(b.ctx, b.store, got.long, mostBatch)
		}
	}
	n := copy(p, b.now)
	b.now = b.now[n:]
	return n, nil
}

// Close implements [io.Closer].
func (b *batchReader) Close() error {
	b.stop()
	b.all.Wait()
	return nil
}
