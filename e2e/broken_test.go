package e2e

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

func TestAnUploadThatTheClientBreaksOffHasItsOutcome(t *testing.T) {
	for name, size := range map[string]int64{"small": 1000, "large": 8 << 20} {
		t.Run(name, func(t *testing.T) {
			over(t, func(t *testing.T, c *http.Client) {
				w := newOpenWorld(t)
				body, _ := noise('a', size)
				broken := io.MultiReader(body, failing{})
				req, err := http.NewRequest(http.MethodPost, "http://"+w.Address+"/upload", broken)
				if err != nil {
					t.Fatal(err)
				}
				if res, err := c.Do(req); err == nil {
					res.Body.Close()
				}
				what := record.ExchangeType
				if size < 1<<20 {
					what = record.Denied // nothing of it went to the upstream
				}
				wait.Until(t, "what came of it is recorded", func() bool { return len(w.recorded(what)) == 1 })
				if what == record.Denied {
					w.wantDenied("session_record", http.StatusBadRequest, "body-unreadable")
				} else if x := w.last(what); x.Response.Error == "" {
					t.Errorf("the outcome on record is %+v", x.Response)
				}
				noOrphans(w)
			})
		})
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the client has had enough") }

func TestADownloadThatTheClientBreaksOffHasItsOutcome(t *testing.T) {
	over(t, func(t *testing.T, c *http.Client) {
		w := newOpenWorld(t)
		ended := make(chan struct{})
		w.up.answers(func(rw http.ResponseWriter, r *http.Request) {
			defer close(ended)
			rw.Header().Set("Content-Type", "application/octet-stream")
			io.Copy(rw, zeros{}) // until nobody takes it
		})
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.Address+"/export", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		io.CopyN(io.Discard, res.Body, 3<<20)
		cancel()
		res.Body.Close()
		wait.For(t, "end of the upstream's answer", ended)
		wait.Until(t, "the outcome is recorded", func() bool { return len(w.recorded(record.ExchangeType)) == 1 })
		if r := w.last(record.ExchangeType).Response; r.Error == "" || !r.Body.Truncated {
			t.Errorf("the response on record is %+v", r)
		}
		noOrphans(w)
	})
}

func TestAnUpstreamThatPanicsCutsTheAnswerAndHasItsOutcome(t *testing.T) {
	for name, media := range map[string]string{"streamed": "application/octet-stream", "held": "application/json"} {
		t.Run(name, func(t *testing.T) {
			over(t, func(t *testing.T, c *http.Client) {
				w := newOpenWorld(t)
				w.up.answers(func(rw http.ResponseWriter, _ *http.Request) {
					rw.Header().Set("Content-Type", media)
					io.WriteString(rw, `{"half":`)
					http.NewResponseController(rw).Flush()
					panic(http.ErrAbortHandler)
				})
				res, err := c.Post("http://"+w.Address+"/orders", "application/json", strings.NewReader("{}"))
				if err == nil {
					_, err = io.ReadAll(res.Body)
					res.Body.Close()
					if err == nil && res.StatusCode < 500 {
						t.Errorf("half an answer came as %s", res.Status)
					}
				}
				wait.Until(t, "the outcome is recorded", func() bool { return len(w.recorded(record.ExchangeType)) == 1 })
				if r := w.last(record.ExchangeType).Response; r.Error == "" {
					t.Errorf("the response on record is %+v", r)
				}
				noOrphans(w)
			})
		})
	}
}

// noOrphans fails the test if an intent has no outcome.
func noOrphans(w *world) {
	w.t.Helper()
	open := map[string]string{}
	for _, l := range w.records() {
		switch l.Type {
		case record.Intent:
			open[l.Exchange] = l.Raw
		case record.ExchangeType:
			delete(open, l.Exchange)
		}
	}
	for _, raw := range open {
		w.t.Errorf("an intent has no outcome: %s", raw)
	}
}
