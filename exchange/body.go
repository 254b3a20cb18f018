package exchange

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
)

// Body is a request's body, read once however many handlers want to see it.
// What has been read stays in memory; what has not goes on from the
// connection.
type Body struct {
	source   io.ReadCloser
	request  *http.Request // that the server read
	buf      []byte
	complete bool
	err      error
	passed   atomic.Int64

	announced int64 // its length, by the client; -1 if that is not known
}

// NewBody takes over r's body and gives r one that reads the same bytes. Its
// trailers go: nobody looks at them, and some servers take them for header
// fields (RFC 9110 section 6.5.1 lets a recipient discard them).
func NewBody(r *http.Request) *Body {
	b := &Body{source: r.Body, request: r}
	r.Trailer = nil
	r.Header.Del("Trailer")
	if r.Body == nil || r.Body == http.NoBody {
		b.complete = true
		return b
	}
	b.announced = r.ContentLength
	r.Body = &replay{body: b}
	return b
}

// Fill reads until more than limit bytes are in memory, or the body has ended.
// A read error, such as a client that went away or a limit set outside, is
// returned every time. Once the upstream has read past what is in memory,
// nothing more can be filled.
func (b *Body) Fill(limit int64) error {
	for !b.complete && b.err == nil && b.passed.Load() == 0 && int64(len(b.buf)) <= limit {
		if len(b.buf) == cap(b.buf) {
			b.grow()
		}
		room := b.buf[len(b.buf):cap(b.buf)]
		if over := limit + 1 - int64(len(b.buf)); int64(len(room)) > over {
			room = room[:over]
		}
		n, err := b.source.Read(room)
		b.buf = b.buf[:len(b.buf)+n]
		switch {
		case errors.Is(err, io.EOF):
			b.complete = true
			b.dropTrailers()
		case err != nil:
			b.err = fmt.Errorf("reading the request body: %w", err)
		}
	}
	return b.err
}

const (
	firstRoom    = 16 << 10
	firstUnknown = 4 << 10 // where the client does not say how much comes
)

// grow makes room for more of the body. Memory follows what has come: to
// announce a long body costs a client nothing.
func (b *Body) grow() {
	have := cap(b.buf)
	room := max(2*have, firstRoom)
	switch {
	case b.announced < 0:
		room = max(2*have, firstUnknown)
	case int64(have) <= b.announced: // one more, so that the end is seen without growing
		room = int(min(int64(room), b.announced+1))
	}
	b.buf = slices.Grow(b.buf, room-len(b.buf))
}

// Whole returns the body if all of it is in memory and it is no longer than
// limit. The bytes must not be changed.
func (b *Body) Whole(limit int64) ([]byte, bool) {
	return b.buf, b.complete && int64(len(b.buf)) <= limit
}

// dropTrailers takes off what the server has read behind the body: it puts
// trailers into the request though none are announced there any more.
func (b *Body) dropTrailers() {
	if len(b.request.Trailer) > 0 {
		b.request.Trailer = nil
	}
}

// Attach gives the body back to r, from its first byte, with its length where
// that is known by now, so that the upstream need not read chunks.
func (b *Body) Attach(r *http.Request) {
	r.Trailer = nil
	if b.complete {
		r.ContentLength, r.TransferEncoding = int64(len(b.buf)), nil
		if len(b.buf) == 0 {
			r.Body = http.NoBody
			return
		}
	}
	r.Body = &replay{body: b}
}

// Of says whether r still reads this body, not one that somebody has put in
// its place since.
func (b *Body) Of(r *http.Request) bool {
	if p, ok := r.Body.(*replay); ok {
		return p.body == b
	}
	return b.complete && len(b.buf) == 0 && (r.Body == nil || r.Body == http.NoBody)
}

// Size is how many bytes the body had, as far as it has been read.
func (b *Body) Size() int64 { return int64(len(b.buf)) + b.passed.Load() }

// replay reads what is in memory, then the connection. The upstream's
// transport may read it on a goroutine of its own.
type replay struct {
	body *Body
	off  int
}

func (r *replay) Read(p []byte) (int, error) {
	b := r.body
	if r.off < len(b.buf) {
		n := copy(p, b.buf[r.off:])
		r.off += n
		return n, nil
	}
	if b.complete {
		return 0, io.EOF
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.source.Read(p)
	b.passed.Add(int64(n))
	if errors.Is(err, io.EOF) {
		b.dropTrailers()
	}
	return n, err
}

func (r *replay) Close() error {
	if r.body.source == nil {
		return nil
	}
	return r.body.source.Close()
}
