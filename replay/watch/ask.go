// Package watch streams the frames of a recorded session over HTTP to who holds
// a key for it, as server-sent events or as NDJSON.
//
// It promises that no frame goes out that the key is not good for at that
// moment: the lease is asked before each, the stream ends when the key does, and
// no reader, however slow, makes it hold more than a frame.
package watch

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/replay/frames"
)

// Ask is what a client asks of a stream.
type Ask struct {
	// Speed is how many times faster than it was the frames come; 0: at once.
	Speed float64
	// FromFrame is the number of the first frame that is wanted, and FromTime the
	// time; the later one of them counts.
	FromFrame int
	FromTime  time.Time
	// Live says that frames are wanted as they come, after those that are there.
	Live bool
	// Cursor is where a stream before this one stopped; empty: it is the first.
	Cursor string
	// SSE says that server-sent events are wanted, and not NDJSON.
	SSE bool
}

// AskError says what is wrong with what a client asks.
type AskError struct{ text string }

func (e *AskError) Error() string { return e.text }

func badAsk(format string, args ...any) error { return &AskError{fmt.Sprintf(format, args...)} }

// ErrNotAcceptable says that a client accepts neither form of a stream.
var ErrNotAcceptable = &AskError{"frames come as text/event-stream or application/x-ndjson: accept one of them"}

// Parse reads what a request asks: its query, and the headers Accept and
// Last-Event-ID. The error is an [*AskError].
func Parse(r *http.Request) (a Ask, err error) {
	a.Speed = 1
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return a, badAsk("the query cannot be read")
	}
	for name, values := range query {
		if len(values) != 1 {
			return a, badAsk("the query has %q more than once", name)
		}
		switch value := values[0]; name {
		case "speed":
			var ok bool
			if a.Speed, ok = frames.ParseSpeed(value); !ok {
				return a, badAsk("speed must be max, or a number from %g to %d", frames.MinSpeed, frames.MaxSpeed)
			}
		case "from":
			if a.FromFrame, err = strconv.Atoi(value); err == nil && a.FromFrame >= 0 {
				continue
			}
			a.FromFrame = 0
			if a.FromTime, err = time.Parse(time.RFC3339, value); err != nil {
				return a, badAsk("from must be the number of a frame, or a time such as 2026-11-21T18:00:00Z")
			}
		case "live":
			if a.Live, err = strconv.ParseBool(value); err != nil {
				return a, badAsk("live must be true or false")
			}
		default:
			return a, badAsk("the query has a %q that is not known: there are speed, from and live", name)
		}
	}
	if ids := r.Header["Last-Event-Id"]; len(ids) > 1 {
		return a, badAsk("there is more than one Last-Event-ID")
	} else if len(ids) == 1 {
		a.Cursor = ids[0]
	}
	sse, ndjson := accepts(r.Header.Values("Accept"))
	if sse == 0 && ndjson == 0 {
		return a, ErrNotAcceptable
	}
	a.SSE = sse > ndjson
	return a, nil
}

// accepts is how much each of the two forms is wanted, from 0 to 1 (RFC 9110
// section 12.5.1).
func accepts(headers []string) (sse, ndjson float64) {
	if len(headers) == 0 {
		return 0, 1
	}
	// The most specific range that matches counts.
	var bySSE, byNDJSON int
	for item := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		media, params, _ := strings.Cut(item, ";")
		q := 1.0
		for p := range strings.SplitSeq(params, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			if strings.EqualFold(name, "q") {
				if v, err := strconv.ParseFloat(value, 64); err == nil && v >= 0 && v <= 1 {
					q = v
				}
			}
		}
		set := func(weight *float64, by *int, specific int) {
			if specific >= *by {
				*weight, *by = q, specific
			}
		}
		switch strings.ToLower(strings.TrimSpace(media)) {
		case "*/*":
			set(&sse, &bySSE, 1)
			set(&ndjson, &byNDJSON, 1)
		case "text/*":
			set(&sse, &bySSE, 2)
		case "application/*":
			set(&ndjson, &byNDJSON, 2)
		case "text/event-stream":
			set(&sse, &bySSE, 3)
		case "application/x-ndjson":
			set(&ndjson, &byNDJSON, 3)
		}
	}
	return sse, ndjson
}
