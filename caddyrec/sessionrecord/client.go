package sessionrecord

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/caddyrec/caddyrec/exchange"
)

// masksFor says whether the client of x gets answers masked. Who is not known
// gets them masked.
func (h *Handler) masksFor(x *exchange.Exchange) bool {
	if h.MaskResponse == nil {
		return false
	}
	unless := h.MaskResponse.Unless
	if unless == nil || x.Values == nil {
		return true
	}
	return !slices.ContainsFunc(x.Values(unless.Name), func(v string) bool { return slices.Contains(unless.Values, v) })
}

// forClient masks by the policy for clients.
func (rec *recording) forClient() exchange.Masker {
	m := rec.masker
	m.Policy = rec.client
	return m
}

// varies tells caches that the answer depends on who asks.
func (rec *recording) varies(h http.Header) {
	if rec.MaskResponse != nil && rec.MaskResponse.Unless != nil {
		h.Add("Vary", "Authorization, Cookie")
	}
}

// maskedHead makes the header of an answer that the client gets masked.
func (rec *recording) maskedHead(c *exchange.Capture) func(http.Header) {
	return func(h http.Header) {
		if rec.x.Local {
			return
		}
		rec.masker.MaskedHeader(h)
		if !c.Streamed() && !exchange.NoBody(rec.r.Method, c.Status()) {
			h.Set("Content-Length", strconv.Itoa(len(c.Bytes())))
		}
	}
}

// mustBeWhole says whether an answer must be whole before any of it goes out.
func (rec *recording) mustBeWhole(status int, h http.Header) bool {
	return rec.x.Holds(rec.expected(status, h)) || rec.masksAnswer() && !exchange.Streamable(h)
}

// masksAnswer says whether the answer at hand is masked: the gateway's own is
// not.
func (rec *recording) masksAnswer() bool { return rec.masks && !rec.x.Local }

// maskAnswer puts the masked answer in the place of what is held. It returns
// what the client gets instead if that cannot be done.
func (rec *recording) maskAnswer(c *exchange.Capture, status int) *exchange.Problem {
	clean, why := rec.forClient().ForClient(status, c.Header(), c.Bytes(), rec.expected(status, c.Header()).Secret())
	if why != "" {
		return unmaskable(why)
	}
	rec.clean = clean
	return nil
}

func unmaskable(why string) *exchange.Problem {
	return &exchange.Problem{Title: "The upstream's answer cannot be masked", Status: http.StatusBadGateway,
		Reason: "response-unmaskable", Detail: "the answer was withheld: " + details[why]}
}

// details says for people why an answer could not be masked.
var details = map[string]string{
	"not-json":     "its media type is not one that is understood",
	"invalid-json": "it is not strict JSON",
	"not-form":     "it is no form",
	"not-text":     "it is not text",
	"charset":      "its charset is not understood",
	"coding":       "its content coding is not understood",
	"too-large":    "it is too large",
	"partial":      "it is only a part",
}

// errUnmaskable ends a stream with an event that cannot be masked.
type errUnmaskable struct{ why string }

func (e errUnmaskable) Error() string {
	return "an event could not be masked for the client: " + details[e.why]
}

// unmasked returns why a stream ended, if it was for an event that could not
// be masked, and "" otherwise.
func unmasked(err error) string {
	if err == nil {
		return "" // as nearly always, and without what As allocates
	}
	var e errUnmaskable
	errors.As(err, &e)
	return e.why
}
