package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

// plain is a site that records and has no schema for the answers: events are
// not JSON.
const plain = `
http://{$ADDRESS} {
	{$SITE}
	oidc_auth {
		issuer {$ISSUER}
		audience orders-api
	}
	session_record
	reverse_proxy {$UPSTREAM}
}
`

func TestServerSentEventsArriveOneByOneEachRecordedBeforeItsRelease(t *testing.T) {
	for name, site := range map[string]string{
		"without an access log": "",
		"with an access log":    "log {\n\t\toutput file {$FOLDER}/access.log\n\t}",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, issuer(t))
			w.vars["SITE"] = site
			w.start(plain)
			const events = 4
			received := make(chan struct{})
			w.up.answers(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Content-Type", "text/event-stream")
				for n := range events {
					fmt.Fprintf(rw, "data: event %d\n\n", n)
					http.NewResponseController(rw).Flush()
					select {
					case <-received: // the client has it before the next is sent
					case <-r.Context().Done():
						return
					}
				}
			})
			req := w.request(http.MethodGet, "/events", w.login("ana"), "")
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			lines := make(chan string)
			go func() {
				defer close(lines)
				for s := bufio.NewScanner(res.Body); s.Scan(); {
					if s.Text() != "" {
						lines <- s.Text()
					}
				}
			}()
			for n := range events {
				if got := wait.For(t, "event", lines); got != fmt.Sprintf("data: event %d", n) {
					t.Fatalf("event %d is %q", n, got)
				}
				if parts := len(w.recorded(record.Chunk)); parts <= n {
					t.Errorf("event %d was released with %d parts in the ledger", n, parts)
				}
				received <- struct{}{}
			}
			if _, more := <-lines; more {
				t.Error("there is more after the last event")
			}
			wait.Until(t, "the exchange is recorded", func() bool { return len(w.recorded(record.ExchangeType)) == 1 })
			x := w.last(record.ExchangeType)
			var size int64
			for _, l := range w.recorded(record.Chunk) {
				if l.Exchange != x.Exchange || l.Chunk.Offset != size {
					t.Errorf("part %d of %s is at %d, want %d", l.Chunk.Index, l.Exchange, l.Chunk.Offset, size)
				}
				size += l.Chunk.Body.Size
			}
			if x.Response.Body.Size != size || x.Response.Body.Omitted != "streamed" {
				t.Errorf("the body on record is %+v, its parts have %d bytes", x.Response.Body, size)
			}
		})
	}
}

func TestAWebSocketIsRefusedAndTheRefusalRecorded(t *testing.T) {
	for name, site := range map[string]string{
		"without an access log": "",
		"with an access log":    "log {\n\t\toutput file {$FOLDER}/access.log\n\t}",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.vars["SITE"] = site
			w.start(open)
			a := w.get("/socket", "",
				"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
			w.want(a, http.StatusNotImplemented, "unrecordable")
			w.wantDenied("session_record", http.StatusNotImplemented, "unrecordable")
			if n := len(w.up.arrivals()); n != 0 {
				t.Errorf("the handshake reached the upstream %d times", n)
			}
		})
	}
}

func TestALargeAnswerPassesWholeAndEachOfItsPartsIsRecorded(t *testing.T) {
	w := newWorld(t, issuer(t)).start(plain)
	const size = 5 << 20
	w.up.answers(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/octet-stream")
		io.CopyN(rw, zeros{}, size)
	})
	a := w.get("/export", w.login("ana"))
	if a.Status != http.StatusOK || len(a.Body) != size {
		t.Fatalf("the answer is %d with %d bytes", a.Status, len(a.Body))
	}
	if b := w.last(record.ExchangeType).Response.Body; b.Size != size || b.Omitted != "streamed" {
		t.Errorf("the body on record is %+v", b)
	}
	if n := len(w.recorded(record.Chunk)); n < 5 {
		t.Errorf("it is recorded in %d parts", n)
	}
}

func TestAnAnswerThatTheUpstreamBreaksOffIsRecordedAsAborted(t *testing.T) {
	w := newWorld(t, issuer(t)).start(plain)
	w.up.answers(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		rw.Header().Set("Content-Length", "100")
		io.WriteString(rw, `{"receipt":`)
		http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	})
	if a, err := send(w.request(http.MethodGet, "/orders", w.login("ana"), "")); err == nil && a.Status < 500 {
		t.Errorf("half an answer came as %d %q", a.Status, a.Body)
	}
	wait.Until(t, "the exchange is recorded", func() bool { return len(w.recorded(record.ExchangeType)) == 1 })
	if r := w.last(record.ExchangeType).Response; r.Error == "" || r.Body == nil || r.Body.Content != nil {
		t.Errorf("the response on record is %+v", r)
	}
}

// zeros is a reader without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
