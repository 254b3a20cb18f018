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
	r := record.New(record.Chunk)
	r.Exchange, r.Identity, r.Session = rec.x.ID, rec.x.Identity, rec.x.Session
	r.Chunk = &record.Part{Index: rec.parts, Offset: rec.offset}
	released := b
	partial := c.Status() == http.StatusPartialContent // a secret may be cut from its name
	if event && !partial {
		marks := rec.x.ResponseMarks(c.Status(), c.Header())
		r.Chunk.Body, r.Masked = rec.masker.Event("response", c.Header(), b, marks)
		if rec.masksAnswer() {
			var why string
			if released, why = rec.forClient().EventForClient(c.Header(), b, marks); why != "" {
				rec.stop()
				return nil, errUnmaskable{why}
			}
		}
	} else {
		r.Chunk.Body = rec.masker.Part(c.Header(), b)
		if rec.masksAnswer() {
			rec.stop()
			why := "too-large"
			if partial {
				why = "partial"
			}
			return nil, errUnmaskable{why}
		}
	}
	if err := rec.visit.Commit(r); err != nil {
		return nil, err
	}
	rec.parts++
	rec.offset += int64(len(b))
	return released, nil
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
