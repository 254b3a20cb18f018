package exchange

import (
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"
)

// ErrTooLarge is returned to the writer of an answer that must be whole in
// memory and is larger than allowed.
var ErrTooLarge = errors.New("the answer is larger than max_body allows")

// Capture is an http.ResponseWriter that holds an answer back until it has
// been dealt with. It begins by holding; once Part is called it streams.
//
// An answer that is JSON is held until it is whole. Any other answer that the
// upstream flushes, or that outgrows the limit, goes out in parts, each handed
// to Part first.
type Capture struct {
	// Whole, if set, says that an answer with this status must not be
	// streamed: larger than the limit, it fails with [ErrTooLarge].
	Whole func(status int) bool
	// Part, if set, is called with each part of an answer that is streamed,
	// before the part is released; its error ends the answer. Without it
	// nothing is streamed: what is larger fails with [ErrTooLarge].
	Part func([]byte) error
	// Pass, if set, is asked when the answer begins, with its status. If it
	// says so, nothing is held: the answer goes straight to the client.
	Pass func(status int) bool

	w      http.ResponseWriter
	limit  int64
	before http.Header
	header http.Header // as it was at WriteHeader, if it may change later
	status int
	buf    []byte
	sent   bool
	pass   bool
	stream bool
	size   int64
	err    error
}

// buffers keeps answers' buffers between requests; a large one is let go.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 8<<10); return &b }}

const keepBuffer = 256 << 10

// NewCapture holds what is written to w, up to limit bytes.
func NewCapture(w http.ResponseWriter, limit int64) *Capture {
	return &Capture{w: w, limit: limit, before: maps.Clone(w.Header()), buf: (*buffers.Get().(*[]byte))[:0]}
}

// Header is the answer's header.
func (c *Capture) Header() http.Header { return c.w.Header() }

// Status is the answer's status; 0 if none was written.
func (c *Capture) Status() int { return c.status }

// Bytes is what is held: the whole answer unless [Capture.Streamed].
func (c *Capture) Bytes() []byte { return c.buf }

// Size is how many bytes of body were written.
func (c *Capture) Size() int64 { return c.size }

// Streamed says that parts of the answer have been released.
func (c *Capture) Streamed() bool { return c.stream }

// Passed says that the answer went straight to the client.
func (c *Capture) Passed() bool { return c.pass }

// Err is why the answer could not be taken: [ErrTooLarge], or Part's error.
func (c *Capture) Err() error { return c.err }

// Run calls serve. A proxy whose write fails gives up by a panic with
// [http.ErrAbortHandler]; where it was the Capture that would not take the
// answer, that is an ordinary end, and [Capture.Err] says why.
func (c *Capture) Run(serve func() error) (err error) {
	defer func() {
		if c.err == nil {
			return
		}
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	return serve()
}

// WriteHeader notes the status. Informational answers (1xx) have no body and
// pass at once.
func (c *Capture) WriteHeader(status int) {
	if c.status != 0 {
		return
	}
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		c.w.WriteHeader(status)
		return
	}
	c.status = status
	if c.pass = c.Pass != nil && c.Pass(status); c.pass {
		c.w.WriteHeader(status)
		return
	}
	if len(c.w.Header()["Trailer"]) > 0 {
		c.header = maps.Clone(c.w.Header())
	}
}

// Write takes a part of the body.
func (c *Capture) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if c.pass {
		return c.w.Write(p)
	}
	if c.err != nil {
		return 0, c.err
	}
	if !c.stream && int64(len(c.buf)+len(p)) > c.limit {
		if c.mustBeWhole() {
			c.err = ErrTooLarge
			return 0, c.err
		}
		c.stream = true
	}
	c.size += int64(len(p))
	c.buf = append(c.buf, p...)
	if c.stream && int64(len(c.buf)) >= c.limit {
		if err := c.releasePart(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// FlushError releases what is held of an answer that may be streamed. JSON
// stays until it is whole, since only then can it be checked and masked.
func (c *Capture) FlushError() error {
	if c.pass {
		return http.NewResponseController(c.w).Flush()
	}
	if c.status == 0 || (!c.stream && (MediaOf(c.w.Header()) == JSON || c.mustBeWhole())) {
		return nil
	}
	c.stream = true
	if err := c.releasePart(); err != nil {
		return err
	}
	return http.NewResponseController(c.w).Flush()
}

func (c *Capture) mustBeWhole() bool {
	return c.Part == nil || (c.Whole != nil && c.Whole(c.status))
}

// Finish releases the last part of a streamed answer.
func (c *Capture) Finish() error {
	if c.err != nil {
		return c.err
	}
	return c.releasePart()
}

func (c *Capture) releasePart() error {
	if c.err != nil {
		return c.err
	}
	if len(c.buf) > 0 {
		if c.err = c.Part(c.buf); c.err != nil {
			return c.err
		}
	}
	c.err = c.Release()
	c.buf = c.buf[:0]
	return c.err
}

// Release sends what is held to the client.
func (c *Capture) Release() error {
	if c.status != 0 {
		c.sendHeader()
	}
	if len(c.buf) == 0 {
		return nil
	}
	_, err := c.w.Write(c.buf)
	return err
}

// sendHeader sends the header as it was when the answer began: announced
// trailers, set since, must not go out as header fields.
func (c *Capture) sendHeader() {
	if c.sent {
		return
	}
	c.sent = true
	if c.header == nil {
		c.w.WriteHeader(c.status)
		return
	}
	now := maps.Clone(c.w.Header())
	replace(c.w.Header(), c.header)
	c.w.WriteHeader(c.status)
	replace(c.w.Header(), now)
	c.header = nil
}

// Withhold drops what is held and gives the writer back as it was before, for
// another answer.
func (c *Capture) Withhold() http.ResponseWriter {
	replace(c.w.Header(), c.before)
	c.buf, c.status, c.header = c.buf[:0], 0, nil
	return c.w
}

// SetReadDeadline, SetWriteDeadline and EnableFullDuplex reach the connection
// for an http.ResponseController.
func (c *Capture) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(c.w).SetReadDeadline(t)
}

// SetWriteDeadline: see [Capture.SetReadDeadline].
func (c *Capture) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(c.w).SetWriteDeadline(t)
}

// EnableFullDuplex: see [Capture.SetReadDeadline].
func (c *Capture) EnableFullDuplex() error {
	return http.NewResponseController(c.w).EnableFullDuplex()
}

// Close gives the buffer back. The bytes must not be used after it.
func (c *Capture) Close() {
	if c.buf != nil && cap(c.buf) <= keepBuffer {
		b := c.buf[:0]
		buffers.Put(&b)
	}
	c.buf = nil
}

func replace(h, with http.Header) {
	clear(h)
	maps.Copy(h, with)
}

// Interface guards. Capture has no Unwrap and no Hijack on purpose: either
// would be a way around the recording.
var _ http.ResponseWriter = (*Capture)(nil)
