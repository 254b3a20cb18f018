package ledger

import (
	"context"
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

// batchReader reads objects one behind the other, as one file.
type batchReader struct {
	ahead chan chan fetched // in order
	now   []byte
	err   error
	stop  context.CancelFunc
	all   sync.WaitGroup
}

type fetched struct {
	data []byte
	err  error
}

func newBatchReader(ctx context.Context, store storage.Store, names []string) *batchReader {
	ctx, stop := context.WithCancel(ctx)
	b := &batchReader{ahead: make(chan chan fetched, readAhead), stop: stop}
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
				data, err := readAll(ctx, store, name)
				one <- fetched{data, err}
			})
		}
	})
	return b
}

func readAll(ctx context.Context, store storage.Store, name string) ([]byte, error) {
	r, err := store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, mostBatch+1))
	if err == nil && len(data) > mostBatch {
		return nil, fmt.Errorf("%s is longer than a batch can be", name)
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
		b.now, b.err = got.data, got.err
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
