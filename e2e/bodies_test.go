package e2e

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
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
			if got := wait.For(t, "line", lines); got != fmt.Sprintf(`{"n":%d}`, n) {
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
