package sessionrecord

import (
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// commitPart records a part of a streamed answer before it is released.
func (rec *recording) commitPart(c *exchange.Capture, b []byte) error {
	r := record.New(record.Chunk)
	r.Exchange, r.Identity, r.Session = rec.x.ID, rec.x.Identity, rec.x.Session
	r.Chunk = &record.Part{Index: rec.parts, Offset: rec.offset, Body: rec.masker.Part(c.Header(), b)}
	if err := rec.visit.Commit(r); err != nil {
		return err
	}
	rec.parts++
	rec.offset += int64(len(b))
	return nil
}

// streamed records the end of an answer whose parts have been recorded.
func (rec *recording) streamed(c *exchange.Capture, upstream time.Duration) error {
	if err := c.Finish(); err != nil {
		return rec.cutShort(c, upstream)
	}
	r := rec.record(record.ExchangeType)
	r.Response = &record.Response{Status: c.Status(), Body: rec.masker.Unread(c.Header(), c.Size(), "streamed")}
	if err := rec.commitOutcome(r, c, upstream); err != nil {
		rec.lost(err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// cutShort ends an answer of which a part could not be recorded or sent: the
// client must see that it is not whole, so the connection is cut.
func (rec *recording) cutShort(c *exchange.Capture, upstream time.Duration) error {
	rec.logger.Warn("an answer was cut short", zap.String("exchange", rec.x.ID), zap.Error(c.Err()))
	r := rec.record(record.ExchangeType)
	r.Response = &record.Response{Status: c.Status(), Error: "aborted", Body: rec.masker.Unread(c.Header(), rec.offset, "aborted")}
	r.Response.Body.Truncated = true
	if err := rec.commitOutcome(r, c, upstream); err != nil {
		rec.lost(err)
	}
	panic(http.ErrAbortHandler)
}

func (rec *recording) lost(err error) {
	rec.logger.Error("an outcome could not be recorded", zap.String("exchange", rec.x.ID), zap.Error(err))
}
