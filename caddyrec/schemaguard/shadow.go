package schemaguard

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// Checks beside requests are bounded in all of the process: how many wait,
// since each holds a body, and how many run, since a shadow must not take the
// processors from what it only looks at.
var (
	waiting = make(chan struct{}, 64)
	running = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))
)

// beside runs check on a goroutine of its own, logs what is not valid and hands
// the verdict to done. Where too many wait already it does nothing, and the
// verdict stays unchecked.
func (h *Handler) beside(id, side string, check func() *record.Verdict, done func(*record.Verdict)) {
	select {
	case waiting <- struct{}{}:
	default:
		return
	}
	go func() {
		running <- struct{}{}
		defer func() {
			<-running
			<-waiting
			// Here a panic would end the process; in a request it would not.
			if p := recover(); p != nil {
				h.logger.Error("a check in shadow mode panicked", zap.String("exchange", id), zap.String("side", side), zap.ByteString("stack", debug.Stack()))
			}
		}()
		v := check()
		h.tell(id, side, v)
		done(v)
	}()
}

// checkBeside holds the request against what is expected of it without
// delaying it: a body once the upstream, or session_record, has read it.
func (h *Handler) checkBeside(r *http.Request, x *exchange.Exchange, e expectation) {
	body := caddyrec.BodyOf(r)
	text, whole := body.Whole(h.MaxBody)
	some := !whole || len(text) > 0
	if !e.held() || !some {
		refusal := e.refusal
		if refusal.Ok() {
			refusal = h.judgeBody(r.Header, text, some, &e)
		}
		x.Verdicts.Request = exchange.Verdict(e.source(), refusal, exchange.Shadow)
		h.tell(x.ID, "request", x.Verdicts.Request)
		return
	}
	x.Verdicts.Request = exchange.Verdict(e.body, exchange.Unchecked, exchange.Shadow)
	header := r.Header.Clone() // others may change it meanwhile
	read := func(text []byte, whole bool) {
		h.beside(x.ID, "request", func() *record.Verdict {
			if !whole {
				return exchange.Verdict(e.body, exchange.TooLarge(h.MaxBody), exchange.Shadow)
			}
			return exchange.Verdict(e.body, h.judgeBody(header, text, len(text) > 0, &e), exchange.Shadow)
		}, x.Shadowed)
	}
	if whole {
		read(text, true)
		return
	}
	r.Body = &listener{ReadCloser: r.Body, limit: h.MaxBody, read: read}
}

// listener reads a body for somebody else and keeps what they have read.
type listener struct {
	io.ReadCloser
	limit int64
	kept  bytes.Buffer
	over  bool
	read  func(text []byte, whole bool) // called once, at the end; nil from then on
}

func (l *listener) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if l.read == nil {
		return n, err
	}
	if l.over = l.over || int64(l.kept.Len()+n) > l.limit; !l.over {
		l.kept.Write(p[:n])
	}
	if errors.Is(err, io.EOF) {
		l.read(l.kept.Bytes(), !l.over)
		l.read = nil
	}
	return n, err
}

// serveShadowed lets the answer pass and looks at it afterwards. With a
// session_record further in, that hands it over.
func (h *Handler) serveShadowed(c *exchange.Capture, r *http.Request, next caddyhttp.Handler, v *caddyrec.Visit) error {
	x := v.Exchange
	x.Plan.Beside = func(check func() *record.Verdict) { h.beside(x.ID, "response", check, func(*record.Verdict) {}) }
	var want *exchange.Expected
	c.Pass = func(status int, header http.Header) bool {
		if !x.Checked && !x.Local {
			made := x.Expected(status, header)
			want, c.Tee = &made, !made.None()
		}
		return true
	}
	if err := next.ServeHTTP(c, r); err != nil || x.Checked || x.Local {
		return err
	}
	if c.Status() == 0 { // what net/http answers where nobody does
		c.Pass(http.StatusOK, c.Header())
	}
	if text, whole := c.Kept(); whole {
		x.CheckResponse(want, cmp.Or(c.Status(), http.StatusOK), c.Header(), text, h.app.Masking())
	}
	return nil
}
