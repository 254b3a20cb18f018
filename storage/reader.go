package storage

import (
	"context"
	"io"
)

// ReadWithin gives what r does as long as ctx is not over; then reads fail with
// the context's error. A read that waits is not interrupted.
func ReadWithin(ctx context.Context, r io.Reader) io.Reader {
	return contextReader{ctx, r}
}

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
