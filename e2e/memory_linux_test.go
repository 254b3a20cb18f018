package e2e

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

const large = 100 << 20

// What docs/operations.md says of memory: what a body under way may add to the
// gateway's resident memory, with the default max_body of 1 MiB, when it is
// larger and so goes through in parts, and when it is held whole and masked.
const (
	memoryOfPassing = 4 << 20
	memoryOfHeld    = 16 << 20
)

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
		w.t.Fatalf("the peak of memory cannot be measured: this takes a kernel with CONFIG_PROC_PAGE_MONITOR: %v", err)
	}
	return w.peak()
}

func TestAHundredMegabytesPassBothWaysInBoundedMemory(t *testing.T) {
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
	wait.Until(w.t, "all are recorded", func() bool { return len(w.recorded(record.ExchangeType)) == exchanges })
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
