package sessionrecord

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// recording is one request on its way through the handler.
type recording struct {
	*Handler
	visit  *caddyrec.Visit
	x      *exchange.Exchange
	masker exchange.Masker
	r      *http.Request

	began  time.Time
	parts  int
	offset int64
	body   *record.Body // the request's
	text   []byte       // of it, as it was sent; nil unless originals are kept
	kept   int64        // bytes of the answer's parts that are kept so
	masked []record.Masked

	want   exchange.Expected // what the answer must be, once it was asked
	asked  bool
	stream *exchange.Stream // the answer, where it goes out in parts

	masks bool   // the client gets the answer masked
	clean []byte // that answer
	stop  func() // ends the request to the upstream; nil unless masks
}

// takeRequest reads the request's body and says whether the request must be
// refused because it cannot be recorded.
func (rec *recording) takeRequest() exchange.Refusal {
	r, h := rec.r, rec.Handler
	rec.began = time.Now()
	if switches(r) {
		return exchange.Refusal{Reason: "unrecordable", Status: http.StatusNotImplemented,
			Detail: "a connection that leaves HTTP, such as WebSocket or CONNECT, cannot be recorded"}
	}
	// What must be masked must not be coded, nor, for the client, be a part.
	r.Header.Set("Accept-Encoding", "identity")
	if rec.masks {
		rec.masker.AskWhole(r.Header)
	}
	body := caddyrec.BodyOf(r)
	err := body.Fill(h.MaxBody)
	body.Attach(r)
	text, whole := body.Whole(h.MaxBody)
	if rec.x.Before != nil {
		rec.text = text
	}
	switch {
	case err != nil:
		return exchange.Unreadable(err)
	case whole:
		rec.body, rec.masked = rec.masker.Body("request", r.Header, text, rec.x.RequestMarks())
	case h.Oversize == "refuse":
		return exchange.TooLarge(h.MaxBody)
	default:
		// What the client says it sends; the outcome tells what it was.
		rec.body = rec.masker.Unread(r.Header, max(body.Size(), r.ContentLength), "too-large")
		rec.body.Truncated = true
	}
	return exchange.Refusal{}
}

// record begins a record with the request in it.
func (rec *recording) record(t record.Type) *record.Record {
	r := rec.x.Record(t)
	r.Request.Body = rec.body
	r.Masked = append(r.Masked, rec.masked...)
	rec.x.Before.KeepRequest(r, rec.text)
	return r
}

func (rec *recording) commitIntent() error {
	return rec.visit.Commit(rec.record(record.Intent))
}

// serve runs the rest of the chain and records what comes of it before the
// client learns it.
func (rec *recording) serve(w http.ResponseWriter, next caddyhttp.Handler) error {
	c := exchange.NewCapture(w, rec.MaxBody)
	defer c.Close()
	if rec.Oversize == "stream" {
		c.Part = func(b []byte, event bool) ([]byte, error) { return rec.commitPart(c, b, event) }
		c.Whole = rec.mustBeWhole
	}
	if rec.masks {
		c.Head = rec.maskedHead(c)
		// An event that cannot be masked ends the exchange at once.
		ctx, cancel := context.WithCancel(rec.r.Context())
		defer cancel()
		rec.r, rec.stop = rec.r.WithContext(ctx), cancel
	}
	rec.varies(c.Header())
	finished := false
	defer func() {
		if !finished { // a panic: reverse_proxy breaks an answer off that way
			rec.aborted(c)
		}
	}()
	err := c.Run(func() error { return next.ServeHTTP(c, rec.r) })
	finished = true
	upstream := time.Since(rec.began)
	rec.visit.Identify(rec.r) // an authentication may stand behind: its word counts for the outcome
	switch {
	case unmasked(c.Err()) != "":
		return rec.cutShort(c, upstream)
	case err != nil:
		return rec.failed(c, err, upstream)
	case c.Err() != nil && !errors.Is(c.Err(), exchange.ErrTooLarge):
		return rec.cutShort(c, upstream)
	case c.Streamed():
		return rec.streamed(c, upstream)
	}
	return rec.answered(c, upstream)
}

// expected is what the answer must be, worked out once.
func (rec *recording) expected(status int, h http.Header) *exchange.Expected {
	if !rec.asked {
		rec.want, rec.asked = rec.x.Expected(status, h), true
	}
	return &rec.want
}

// answered deals with an answer that is whole in memory.
func (rec *recording) answered(c *exchange.Capture, upstream time.Duration) error {
	status := c.Status()
	if status == 0 {
		status = http.StatusOK // what net/http sends for a handler that wrote nothing
	}
	tooLarge := errors.Is(c.Err(), exchange.ErrTooLarge)
	var problem *exchange.Problem
	if tooLarge {
		rec.x.Checked = true
		problem = &exchange.Problem{Title: "The upstream's answer is larger than max_body", Status: http.StatusBadGateway,
			Reason: "response-too-large", Detail: "the answer was withheld"}
	} else if refusal := rec.x.CheckResponse(rec.expected(status, c.Header()), status, c.Header(), c.Bytes(), rec.masker.Policy); !refusal.Ok() {
		p := exchange.Withheld(rec.expected(status, c.Header()).Source())
		problem = &p
	} else if rec.masksAnswer() {
		problem = rec.maskAnswer(c, status)
	}
	r := rec.record(record.ExchangeType)
	r.Response = &record.Response{Status: status}
	if status == caddyrec.StatusClientClosed && rec.r.Context().Err() != nil {
		r.Response.Error = "canceled"
	}
	if tooLarge {
		r.Response.Body = rec.masker.Unread(c.Header(), c.Size(), "too-large")
		r.Response.Body.Truncated = true
		rec.x.Before.KeepResponse(r, c.Bytes())
	} else {
		body, masked := rec.masker.Answer(status, c.Header(), c.Bytes(), rec.expected(status, c.Header()).Secret())
		r.Response.Body = body
		r.Masked = append(r.Masked, masked...)
		rec.x.Before.KeepResponse(r, c.Bytes())
	}
	if problem != nil {
		r.Response.Replaced, r.Response.Withheld = problem.Status, problem.Reason
	} else {
		r.Response.Masked = rec.masksAnswer()
	}
	if err := rec.commitOutcome(r, c, upstream); err != nil {
		return rec.visit.Unrecorded(c.Withhold(), err)
	}
	if problem != nil {
		return problem.Write(c.Withhold(), rec.x)
	}
	if r.Response.Masked {
		c.Replace(rec.clean)
		exchange.DropTrailers(c.Header())
	}
	if err := c.Release(); err != nil {
		// The client is gone; there is nobody to send an error page to.
		rec.logger.Debug("releasing the answer", zap.String("exchange", rec.x.ID), zap.Error(err))
	}
	return nil
}

// commitOutcome fills in what all outcomes have and makes r durable.
func (rec *recording) commitOutcome(r *record.Record, c *exchange.Capture, upstream time.Duration) error {
	headers, masked := rec.masker.Headers(c.Header())
	r.Response.Headers = headers
	r.Masked = append(r.Masked, masked...)
	r.Masked = append(r.Masked, rec.x.HideAnswer(headers)...)
	rec.x.Before.KeepHeaders(r, c.Header())
	r.Response.Trailers, masked = rec.masker.Trailers(c.Trailers())
	r.Masked = append(r.Masked, masked...)
	r.Masked = append(r.Masked, rec.x.HideAnswer(r.Response.Trailers)...)
	if rec.body != nil && rec.body.Truncated {
		body := *rec.body
		body.Size = caddyrec.BodyOf(rec.r).Size()
		r.Request.Body = &body
	}
	r.Response.Upstream = rec.upstream()
	// One moment for both: a request began its total before its record's time.
	r.Time = record.Now()
	r.Timing = &record.Timing{Upstream: upstream.Microseconds(), Total: r.Time.Sub(rec.began).Microseconds()}
	return rec.visit.Commit(r)
}

// upstream is where reverse_proxy has sent the request, if it was asked. What a
// request says may be in it.
func (rec *recording) upstream() string {
	repl, ok := rec.r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return ""
	}
	address, _ := repl.GetString("http.reverse_proxy.upstream.address")
	return rec.masker.Host(strings.TrimPrefix(address, "tcp/"))
}

// failed records an error that goes on to Caddy, which writes the error page.
func (rec *recording) failed(c *exchange.Capture, err error, upstream time.Duration) error {
	r := rec.record(record.ExchangeType)
	r.Response = &record.Response{Status: http.StatusInternalServerError, Error: "handler"}
	var he caddyhttp.HandlerError
	if errors.As(err, &he) {
		r.Response.Status, r.Response.ErrorID = he.StatusCode, he.ID
	}
	if rec.r.Context().Err() != nil {
		r.Response.Error = "canceled"
	}
	commitErr := rec.commitOutcome(r, c, upstream)
	if c.Streamed() {
		// Parts have gone out: an error page behind them would be taken for more
		// of the answer, so the connection is cut.
		if commitErr != nil {
			rec.lost(commitErr)
		}
		panic(http.ErrAbortHandler)
	}
	w := c.Withhold()
	if commitErr != nil {
		return rec.visit.Unrecorded(w, commitErr)
	}
	if rec.visit.RunsOnce() {
		return rec.visit.FailedOnce(w, err)
	}
	return err
}

// aborted records an answer that the upstream broke off.
func (rec *recording) aborted(c *exchange.Capture) {
	rec.visit.Identify(rec.r)
	r := rec.record(record.ExchangeType)
	r.Response = &record.Response{Status: c.Status(), Error: "aborted", Body: rec.masker.Unread(c.Header(), c.Size(), "aborted")}
	r.Response.Body.Truncated = true
	if err := rec.commitOutcome(r, c, time.Since(rec.began)); err != nil {
		rec.lost(err)
	}
}
