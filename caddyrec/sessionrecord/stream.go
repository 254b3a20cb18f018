package sessionrecord

import (
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// commitPart records a part of a streamed answer before it is released, and
// returns what is: a whole event masked where the client gets it so.
func (rec *recording) commitPart(c *exchange.Capture, b []byte, event bool) ([]byte, error) {
	r, released, err := rec.takePart(c, b, event)
	if err != nil {
		rec.stop()
		return nil, err
	}
	if err := rec.visit.Commit(r); err != nil {
		return nil, err
	}
	rec.parts++
	rec.offset += int64(len(b))
	return released, nil
}

// takePart makes the record of a part, and what is released of it. The error is
// that it cannot be masked for the client.
func (rec *recording) takePart(c *exchange.Capture, b []byte, event bool) (r *record.Record, released []byte, err error) {
	if rec.stream == nil {
		rec.stream = rec.masker.Stream(c.Header(), rec.expected(c.Status(), c.Header()).Secret())
	}
	r = record.New(record.Chunk)
	r.Exchange, r.Identity, r.Session = rec.x.ID, rec.x.Identity, rec.x.Session
	r.Chunk = &record.Part{Index: rec.parts, Offset: rec.offset}
	partial := c.Status() == http.StatusPartialContent // a secret may be cut from its name
	if event && !partial {
		r.Chunk.Body, r.Masked = rec.stream.Event(b)
	} else {
		r.Chunk.Body = rec.stream.Part(b)
	}
	rec.kept = rec.x.Before.KeepChunk(r, b, rec.kept)
	if !rec.masksAnswer() {
		return r, b, nil
	}
	switch {
	case partial:
		return nil, nil, errUnmaskable{"partial"}
	case !event:
		return nil, nil, errUnmaskable{"too-large"}
	}
	released, why := rec.stream.EventForClient(rec.client, b)
	if why != "" {
		return nil, nil, errUnmaskable{why}
	}
	return r, released, nil
}

// streamed records the end of an answer whose parts have been recorded.
func (rec *recording) streamed(c *exchange.Capture, upstream time.Duration) error {
	if err := c.Finish(); err != nil {
		return rec.cutShort(c, upstream)
	}
	r := rec.record(record.ExchangeType)
	r.Response = &record.Response{Status: c.Status(), Masked: rec.masksAnswer(), Body: rec.masker.Unread(c.Header(), c.Size(), "streamed")}
	if err := rec.commitOutcome(r, c, upstream); err != nil {
		rec.lost(err)
		panic(http.ErrAbortHandler)
	}
	if r.Response.Masked {
		exchange.DropTrailers(c.Header())
	}
	return nil
}

// cutShort ends an answer of which a part could not be recorded, masked or
// sent: the client must see that it is not whole, so the connection is cut. If
// nothing has gone out yet, an event that could not be masked is answered like
// any other answer that could not.
func (rec *recording) cutShort(c *exchange.Capture, upstream time.Duration) error {
	rec.logger.Warn("an answer was cut short", zap.String("exchange", rec.x.ID), zap.Error(c.Err()))
	r := rec.record(record.ExchangeType)
	r.Response = &record.Response{Status: c.Status(), Masked: rec.masksAnswer() && c.Sent(), Error: "aborted", Body: rec.masker.Unread(c.Header(), rec.offset, "aborted")}
	r.Response.Body.Truncated = true
	var problem *exchange.Problem
	if why := unmasked(c.Err()); why != "" {
		problem = unmaskable(why)
		r.Response.Withheld = problem.Reason
		if !c.Sent() {
			r.Response.Error, r.Response.Replaced = "", problem.Status
		}
	}
	err := rec.commitOutcome(r, c, upstream)
	if problem != nil && !c.Sent() {
		if err != nil {
			return rec.visit.Unrecorded(c.Withhold(), err)
		}
		return problem.Write(c.Withhold(), rec.x)
	}
	if err != nil {
		rec.lost(err)
	}
	panic(http.ErrAbortHandler)
}

func (rec *recording) lost(err error) {
	rec.logger.Error("an outcome could not be recorded", zap.String("exchange", rec.x.ID), zap.Error(err))
}
