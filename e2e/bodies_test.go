package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

// open is a site that records, for anybody, also over HTTP/2 without TLS.
const open = `
http://{$ADDRESS} {
	{$SITE}
	session_record
	reverse_proxy {$UPSTREAM}
}
`

const large = 100 << 20

// What docs/operations.md says of memory: what a body under way may add to the
// gateway's resident memory, with the default max_body of 1 MiB, when it is
// larger and so goes through in parts, and when it is held whole and masked.
const (
	memoryOfPassing = 4 << 20
	memoryOfHeld    = 16 << 20
)

// over are the ways to talk to the gateway.
func over(t *testing.T, f func(t *testing.T, c *http.Client)) {
	for _, name := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run(name, func(t *testing.T) {
			tr := &http.Transport{Protocols: new(http.Protocols)}
			if name == "HTTP/2" {
				tr.Protocols.SetUnencryptedHTTP2(true)
			} else {
				tr.Protocols.SetHTTP1(true)
			}
			defer tr.CloseIdleConnections()
			f(t, &http.Client{Transport: tr})
		})
	}
}

// newOpenWorld is a gateway without an identity provider.
func newOpenWorld(t *testing.T) *world {
	w := newWorld(t, nil)
	w.vars["SERVERS"] = "servers {\n\t\tprotocols h1 h2c\n\t}"
	return w.start(open)
}

// peak is the most resident memory that the gateway has had since reset, in
// bytes.
func (w *world) peak() int64 {
	w.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.Pid()))
	if err != nil {
		w.t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		w.t.Fatalf("no peak in %s", text)
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	return n << 10
}

// resetPeak begins the measurement anew and returns what is resident.
func (w *world) resetPeak() int64 {
	w.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", w.Pid()), []byte("5"), 0); err != nil {
		w.t.Skipf("the peak of memory cannot be measured here: %v", err)
	}
	return w.peak()
}

// noise is a body of a size that is not all one byte, and its hash.
func noise(seed byte, size int64) (io.Reader, hash.Hash) {
	block := bytes.Repeat([]byte{seed, seed + 1, '"', '\n', 0, 0xff, seed * 3}, 4681)
	h := sha256.New()
	return io.TeeReader(io.LimitReader(&endless{block: block}, size), h), h
}

type endless struct {
	block []byte
	at    int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.block[e.at:])
	e.at = (e.at + n) % len(e.block)
	return n, nil
}

func TestAHundredMegabytesPassBothWaysInBoundedMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("resident memory is read from /proc")
	}
	over(t, func(t *testing.T, c *http.Client) {
		w := newOpenWorld(t)
		w.up.takes = func(rw http.ResponseWriter, r *http.Request) {
			// Takes it whole, then answers as much again.
			h := sha256.New()
			if _, err := io.Copy(h, r.Body); err != nil {
				panic(http.ErrAbortHandler)
			}
			rw.Header().Set("Content-Type", "application/octet-stream")
			rw.Header().Set("X-Got", fmt.Sprintf("%x", h.Sum(nil)))
			body, _ := noise(r.URL.Path[1], large)
			io.Copy(rw, body)
		}
		send := func(n byte, length int64) {
			body, sent := noise('a'+n, large)
			req, err := http.NewRequest(http.MethodPut, fmt.Sprintf("http://%s/%c", w.Address, 'A'+n), body)
			if err != nil {
				t.Error(err)
				return
			}
			req.ContentLength = length // -1: chunked
			req.Header.Set("Content-Type", "application/octet-stream")
			res, err := c.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			got := sha256.New()
			size, err := io.Copy(got, res.Body)
			if err != nil || size != large || res.StatusCode != http.StatusOK {
				t.Errorf("the answer is %s, %d bytes, %v", res.Status, size, err)
			}
			if want := fmt.Sprintf("%x", sent.Sum(nil)); res.Header.Get("X-Got") != want {
				t.Error("what the upstream got is not what was sent")
			}
			want, h := noise('A'+n, large)
			io.Copy(io.Discard, want)
			if !bytes.Equal(got.Sum(nil), h.Sum(nil)) {
				t.Error("what came back is not what the upstream sent")
			}
		}
		send(0, large) // warms up
		before := w.resetPeak()
		var all sync.WaitGroup
		for n := range byte(4) {
			all.Go(func() { send(n, []int64{large, -1}[n%2]) })
		}
		all.Wait()
		w.took(before, 8*memoryOfPassing)
		checkParts(w, 5)
	})
}

// took fails the test if the peak is more than a bound over what was resident
// before.
func (w *world) took(before, bound int64) {
	w.t.Helper()
	grown := w.peak() - before
	w.t.Logf("it took %.1f MiB more than the %d MiB before", float64(grown)/(1<<20), before>>20)
	if grown > bound {
		w.t.Errorf("that is more than %d MiB", bound>>20)
	}
}

func TestLargeJSONThatIsHeldAndMaskedTakesBoundedMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("resident memory is read from /proc")
	}
	over(t, func(t *testing.T, c *http.Client) {
		w := newOpenWorld(t)
		// Just below max_body, with something to mask in each item.
		body := `{"items":[` + strings.Repeat(`{"name":"a \"chair\"","password":"p","price":12.50},`, 19_000) + `0]}`
		if len(body) > 1<<20 || len(body) < 900<<10 {
			t.Fatalf("the body has %d bytes", len(body))
		}
		w.up.takes = func(rw http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			rw.Header().Set("Content-Type", "application/json")
			io.WriteString(rw, body)
		}
		send := func() {
			res, err := c.Post("http://"+w.Address+"/items", "application/json", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if size, err := io.Copy(io.Discard, res.Body); err != nil || size != int64(len(body)) || res.StatusCode != http.StatusOK {
				t.Errorf("the answer is %s, %d bytes, %v", res.Status, size, err)
			}
		}
		send() // warms up
		before := w.resetPeak()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 4 {
					send()
				}
			})
		}
		all.Wait()
		w.took(before, 8*memoryOfHeld)
	})
}

// checkParts holds the records of large bodies against each other.
func checkParts(w *world, exchanges int) {
	w.t.Helper()
	eventually(w.t, "all are recorded", func() bool { return len(w.recorded(record.ExchangeType)) == exchanges })
	parts := map[string]int64{}
	for _, l := range w.recorded(record.Chunk) {
		if l.Chunk.Offset != parts[l.Exchange] || l.Chunk.Body.Digest == "" {
			w.t.Errorf("a part of %s is at %d, want %d, with digest %q", l.Exchange, l.Chunk.Offset, parts[l.Exchange], l.Chunk.Body.Digest)
		}
		parts[l.Exchange] += l.Chunk.Body.Size
	}
	for _, x := range w.recorded(record.ExchangeType) {
		if b := x.Request.Body; b.Size != large || b.Omitted != "too-large" || !b.Truncated {
			w.t.Errorf("the request on record is %+v", b)
		}
		if b := x.Response.Body; b.Size != large || b.Omitted != "streamed" || parts[x.Exchange] != large {
			w.t.Errorf("the answer on record is %+v, its parts have %d bytes", b, parts[x.Exchange])
		}
	}
}

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
				eventually(t, "what came of it is recorded", func() bool { return len(w.recorded(what)) == 1 })
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
		within(t, "end of the upstream's answer", ended)
		eventually(t, "the outcome is recorded", func() bool { return len(w.recorded(record.ExchangeType)) == 1 })
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
				eventually(t, "the outcome is recorded", func() bool { return len(w.recorded(record.ExchangeType)) == 1 })
				if r := w.last(record.ExchangeType).Response; r.Error == "" {
					t.Errorf("the response on record is %+v", r)
				}
				noOrphans(w)
			})
		})
	}
}

func TestTrailersRangesAndLinesPassAndAreRecorded(t *testing.T) {
	over(t, func(t *testing.T, c *http.Client) {
		w := newOpenWorld(t)
		next := make(chan struct{})
		w.up.answers(func(rw http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/trailer":
				rw.Header().Set("Trailer", "X-Sum")
				rw.Header().Set("Content-Type", "application/json")
				io.WriteString(rw, receipt)
				rw.Header().Set("X-Sum", "42")
			case "/range":
				rw.Header().Set("Content-Type", "application/octet-stream")
				rw.Header().Set("Content-Range", "bytes 5-9/20")
				rw.WriteHeader(http.StatusPartialContent)
				io.WriteString(rw, "56789")
			case "/lines":
				rw.Header().Set("Content-Type", "application/x-ndjson")
				for n := range 3 {
					fmt.Fprintf(rw, "{\"n\":%d}\n", n)
					http.NewResponseController(rw).Flush()
					select {
					case <-next:
					case <-r.Context().Done():
						return
					}
				}
			}
		})
		get := func(path string) *http.Response {
			t.Helper()
			res, err := c.Get("http://" + w.Address + path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { res.Body.Close() })
			return res
		}
		res := get("/trailer")
		if body, err := io.ReadAll(res.Body); err != nil || string(body) != receipt || res.Trailer.Get("X-Sum") != "42" {
			t.Errorf("the answer is %q with trailers %v, %v", body, res.Trailer, err)
		}
		if x := w.last(record.ExchangeType); *x.Response.Body.Content != receipt {
			t.Errorf("the answer on record is %+v", x.Response.Body)
		}
		res = get("/range")
		if body, err := io.ReadAll(res.Body); err != nil || string(body) != "56789" || res.StatusCode != http.StatusPartialContent {
			t.Errorf("the answer is %s %q, %v", res.Status, body, err)
		}
		if x := w.last(record.ExchangeType); x.Response.Status != http.StatusPartialContent || x.Response.Body.Size != 5 ||
			!strings.Contains(x.Raw, "bytes 5-9/20") {
			t.Errorf("the answer on record is %s", x.Raw)
		}
		res = get("/lines")
		lines := make(chan string)
		go func() {
			defer close(lines)
			for s := bufio.NewScanner(res.Body); s.Scan(); {
				lines <- s.Text()
			}
		}()
		for n := range 3 {
			if got := within(t, "line", lines); got != fmt.Sprintf(`{"n":%d}`, n) {
				t.Errorf("line %d is %q", n, got)
			}
			if parts := len(w.recorded(record.Chunk)); parts <= n {
				t.Errorf("line %d was released with %d parts in the ledger", n, parts)
			}
			next <- struct{}{}
		}
		if more, ok := <-lines; ok {
			t.Errorf("there is more: %q", more)
		}
	})
}

func TestBodilessAnswersPassOverHTTP2Too(t *testing.T) {
	over(t, func(t *testing.T, c *http.Client) {
		w := newOpenWorld(t)
		w.up.answers(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Etag", `"v1"`)
			switch {
			case r.Header.Get("If-None-Match") != "":
				rw.WriteHeader(http.StatusNotModified)
			default:
				rw.Header().Set("Content-Type", "application/json")
				io.WriteString(rw, receipt)
			}
		})
		for _, x := range []struct {
			method, match string
			status        int
		}{{http.MethodHead, "", http.StatusOK}, {http.MethodGet, `"v1"`, http.StatusNotModified}} {
			req, err := http.NewRequest(x.method, "http://"+w.Address+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			if x.match != "" {
				req.Header.Set("If-None-Match", x.match)
			}
			res, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != x.status || len(body) != 0 || res.Header.Get("Etag") != `"v1"` {
				t.Errorf("%s is answered with %s %q, %v", x.method, res.Status, body, err)
			}
			if r := w.last(record.ExchangeType); r.Response.Status != x.status || r.Response.Body != nil {
				t.Errorf("%s is on record as %+v", x.method, r.Response)
			}
		}
	})
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
