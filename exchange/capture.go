package exchange

import (
	"bufio"
	"errors"
	"maps"
	"net"
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
// to Part first: server-sent events and lines of NDJSON one by one, each
// assembled first if it came in pieces, anything else as it was flushed. An
// event larger than the limit goes in pieces.
type Capture struct {
	// Whole, if set, says that such an answer must not be streamed: larger than
	// the limit, it fails with [ErrTooLarge].
	Whole func(status int, h http.Header) bool
	// Part, if set, is called with each part of an answer that is streamed, and
	// returns what is released in its place; its error ends the answer. event
	// says that the part is one whole event. Without Part nothing is streamed:
	// what is larger fails with [ErrTooLarge].
	Part func(part []byte, event bool) ([]byte, error)
	// Head, if set, may change the header just before it is sent.
	Head func(h http.Header)
	// Pass, if set, is asked when the answer begins. If it says so, nothing is
	// held: the answer goes straight to the client.
	Pass func(status int, h http.Header) bool
	// Tee keeps what passes as well, up to the limit: see [Capture.Kept]. Pass
	// may still set it.
	Tee bool

	pooled *[]byte // where buf came from
	w      http.ResponseWriter
	limit  int64
	before http.Header
	began  http.Header // as it was at WriteHeader, if it may change later
	status int
	buf    []byte
	sent   bool
	pass   bool
	stream bool
	size   int64
	err    error

	events  bool // it is streamed event by event
	split   splitter
	outsize bool // pieces of the event at hand have been released
}

// buffers keeps answers' buffers between requests; a large one is let go.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 8<<10); return &b }}

const keepBuffer = 256 << 10

// NewCapture holds what is written to w, up to limit bytes.
func NewCapture(w http.ResponseWriter, limit int64) *Capture {
	b := buffers.Get().(*[]byte)
	return &Capture{w: w, limit: limit, before: maps.Clone(w.Header()), pooled: b, buf: (*b)[:0]}
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

// Kept is an answer that has passed, and whether it is whole: it is not if it
// was larger than the limit.
func (c *Capture) Kept() (b []byte, whole bool) { return c.buf, c.Tee && c.size <= c.limit }

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

// WriteHeader notes the status. Informational answers (1xx) pass at once, but
// without their fields, such as Link of 103: those would be out before the
// answer is dealt with, and though it is withheld.
func (c *Capture) WriteHeader(status int) {
	if c.status != 0 {
		return
	}
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		now := maps.Clone(c.w.Header())
		replace(c.w.Header(), c.before)
		c.w.WriteHeader(status)
		replace(c.w.Header(), now)
		return
	}
	c.status = status
	if c.pass = c.Pass != nil && c.Pass(status, c.w.Header()); c.pass {
		c.w.WriteHeader(status)
		return
	}
	if len(c.w.Header()["Trailer"]) > 0 {
		c.began = maps.Clone(c.w.Header())
	}
}

// Write takes a part of the body.
func (c *Capture) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if c.pass {
		c.tee(p)
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
		c.begin()
	}
	c.size += int64(len(p))
	c.buf = append(c.buf, p...)
	// A proxy gives up by what a write says; what a flush says it may not hear.
	if c.stream && (c.events || int64(len(c.buf)) >= c.limit) {
		if err := c.releaseParts(false); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// tee keeps a part of an answer that passes.
func (c *Capture) tee(p []byte) {
	c.size += int64(len(p))
	if c.Tee && c.size <= c.limit {
		c.buf = append(c.buf, p...)
	}
}

// Replace puts b in the place of what is held.
func (c *Capture) Replace(b []byte) { c.buf = append(c.buf[:0], b...) }

// Sent says whether the header has gone out.
func (c *Capture) Sent() bool { return c.sent }

// Trailers are the answer's trailers so far.
func (c *Capture) Trailers() http.Header {
	return trailersOf(c.began, c.w.Header())
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
	if c.began == nil {
		c.head()
		c.w.WriteHeader(c.status)
		return
	}
	now := maps.Clone(c.w.Header())
	replace(c.w.Header(), c.began)
	c.head()
	c.w.WriteHeader(c.status)
	replace(c.w.Header(), now)
}

// head makes the header what is sent. By the length of a stream of events its
// client would know the end before that is recorded.
func (c *Capture) head() {
	if c.events {
		c.w.Header().Del("Content-Length")
	}
	if c.Head != nil {
		c.Head(c.w.Header())
	}
}

// Withhold drops what is held and gives the writer back as it was before, for
// another answer.
func (c *Capture) Withhold() http.ResponseWriter {
	replace(c.w.Header(), c.before)
	c.buf, c.status, c.began = c.buf[:0], 0, nil
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
	if c.pooled != nil && cap(c.buf) <= keepBuffer {
		*c.pooled = c.buf[:0]
		buffers.Put(c.pooled)
	}
	c.pooled, c.buf = nil, nil
}

func replace(h, with http.Header) {
	clear(h)
	maps.Copy(h, with)
}

// Hijack gives the connection away once the answer has passed, as after 101.
// Before, it would be a way around the recording.
func (c *Capture) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !c.pass {
		return nil, nil, http.ErrNotSupported
	}
	return http.NewResponseController(c.w).Hijack()
}

// Interface guards. Capture has no Unwrap on purpose: it would be a way around
// the recording.
var (
	_ http.ResponseWriter = (*Capture)(nil)
	_ http.Hijacker       = (*Capture)(nil)
)
