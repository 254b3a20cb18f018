package exchange

import "net/http"

// FlushError releases what is held of an answer that may be streamed. JSON
// stays until it is whole, since only then can it be checked and masked.
func (c *Capture) FlushError() error {
	if c.pass {
		return http.NewResponseController(c.w).Flush()
	}
	if c.status == 0 || (!c.stream && (MediaOf(c.w.Header()) == JSON || c.mustBeWhole())) {
		return nil
	}
	c.begin()
	if err := c.releaseParts(false); err != nil {
		return err
	}
	c.sendHeader()
	return http.NewResponseController(c.w).Flush()
}

func (c *Capture) mustBeWhole() bool {
	return c.Part == nil || (c.Whole != nil && c.Whole(c.status, c.w.Header()))
}

// begin begins to stream.
func (c *Capture) begin() {
	if c.stream {
		return
	}
	c.stream = true
	media := MediaOf(c.w.Header())
	c.events = Streamable(c.w.Header())
	c.split.lines = media == Lines
}

// Finish releases the last part of a streamed answer.
func (c *Capture) Finish() error {
	if c.err == nil {
		c.err = c.releaseParts(true)
	}
	if c.err == nil {
		c.sendHeader()
	}
	return c.err
}

// releaseParts releases what is held, but for an event of which more is to
// come.
func (c *Capture) releaseParts(end bool) error {
	if c.err != nil {
		return c.err
	}
	rest := c.buf
	for c.events && c.err == nil {
		n := c.split.next(rest)
		if n == 0 {
			break
		}
		c.err = c.releasePart(rest[:n], !c.outsize)
		c.outsize = false
		rest = rest[n:]
	}
	if c.err == nil && len(rest) > 0 && (!c.events || end || int64(len(rest)) >= c.limit) {
		// What ends without an empty line is still the last event.
		c.err = c.releasePart(rest, c.events && end && !c.outsize)
		c.outsize = c.events
		c.split.pos, rest = 0, nil
	}
	if len(rest) < len(c.buf) { // else there is nothing to move
		c.buf = append(c.buf[:0], rest...)
	}
	return c.err
}

func (c *Capture) releasePart(part []byte, event bool) error {
	out, err := c.Part(part, event)
	if err != nil {
		return err
	}
	c.sendHeader()
	_, err = c.w.Write(out)
	return err
}
