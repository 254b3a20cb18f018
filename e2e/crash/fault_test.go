package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/e2e/calls"
	"github.com/caddyrec/caddyrec/record"
)

// bound is how long any answer may take while the disk does not answer: the
// commit_timeout of one second, and what a loaded machine adds.
const bound = time.Second + 2*time.Second

// patience is how long a condition may take to come about.
const patience = 30 * time.Second

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s it is still not so: %s", patience, what)
		}
	}
}

// answer is what a client got.
type answer struct {
	status int
	reason string
	took   time.Duration
}

func (w *world) start() {
	w.t.Helper()
	if err := w.Start(w.t.Context(), config); err != nil {
		w.t.Fatal(err)
	}
}

// item is the path of an order; all of one world begin alike.
func (w *world) item(name string) string { return "/" + filepath.Base(w.Folder) + "/" + name }

// order sends an order and reads its answer whole.
func (w *world) order(name string) answer {
	a, err := w.send(http.DefaultClient, name)
	if err != nil {
		w.t.Errorf("order %s: %v", name, err)
	}
	return a
}

func (w *world) send(client *http.Client, name string) (answer, error) {
	body := bytes.NewReader([]byte(`{"item":"` + strings.Repeat("i", 500) + `"}`))
	begun := time.Now()
	res, err := client.Post("http://"+w.Address+w.item(name), "application/json", body)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	var problem struct{ Reason string }
	json.Unmarshal(text, &problem)
	if res.StatusCode == http.StatusOK {
		w.mu.Lock()
		w.acknowledged = append(w.acknowledged, []string{w.item(name)})
		w.mu.Unlock()
	}
	if res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") == "" {
		w.t.Errorf("order %s is refused without a Retry-After", name)
	}
	return answer{res.StatusCode, problem.Reason, time.Since(begun)}, nil
}

func (w *world) acknowledgedSoFar() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acknowledged)
}

// held sends orders whose answers the upstream keeps back until release.
func (w *world) held(name string, n int) (release func() []answer) {
	w.t.Helper()
	hold := make(chan struct{})
	w.up.holds(hold)
	answers := make([]answer, n)
	var all sync.WaitGroup
	before := w.up.orders()
	for i := range n {
		all.Go(func() { answers[i] = w.order(fmt.Sprint(name, "-", i)) })
	}
	eventually(w.t, "the orders are at the upstream", func() bool { return w.up.orders() == before+n })
	w.up.holds(nil)
	return func() []answer {
		close(hold)
		all.Wait()
		return answers
	}
}

// goroutines is how many the gateway has.
func (w *world) goroutines() int {
	w.t.Helper()
	text, err := w.Admin(w.t.Context(), http.MethodGet, "/debug/pprof/goroutine?debug=1", "")
	if err != nil {
		w.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(text, "goroutine profile: total ")
	count, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(count)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// noGrowth fails the test unless the gateway has as many goroutines as before,
// give or take what its connections need.
func (w *world) noGrowth(before int) {
	w.t.Helper()
	http.DefaultClient.CloseIdleConnections()
	eventually(w.t, "there are no more goroutines than before", func() bool { return w.goroutines() <= before+10 })
}

// fault makes the gateway's calls fail, all or some, while it is set.
type fault struct{ verdict atomic.Pointer[calls.Decide] }

func (f *fault) set(d calls.Decide) { f.verdict.Store(&d) }

func (f *fault) end() { f.verdict.Store(nil) }

func (w *world) faulty() *fault {
	w.t.Helper()
	if err := calls.Supported(); err != nil {
		w.t.Skip(err)
	}
	f := new(fault)
	w.Calls = func(c calls.Call) calls.Verdict {
		if d := f.verdict.Load(); d != nil && strings.HasPrefix(c.Path, w.Store()) {
			return (*d)(c)
		}
		return calls.Verdict{}
	}
	return f
}

// syncs says whether a call is the one that makes a batch durable.
func syncs(c calls.Call) bool {
	return (c.Name == "io_submit" || c.Name == "fdatasync") && filepath.Base(filepath.Dir(c.Path)) == "open"
}

func TestASyncThatFailsOnceAcknowledgesNothingOfItsBatch(t *testing.T) {
	w := newWorld(t, newUpstream(t))
	f := w.faulty()
	w.start()
	for round, errno := range []syscall.Errno{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT} {
		var once sync.Once
		f.set(func(c calls.Call) (v calls.Verdict) {
			if syncs(c) {
				once.Do(func() { v.Errno = errno })
			}
			return v
		})
		var refused atomic.Int64
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(func() {
				name := fmt.Sprintf("%d-%d", round, i)
				switch a := w.order(name); a.status {
				case http.StatusOK:
				case http.StatusServiceUnavailable:
					refused.Add(1)
					if want := reasons[errno]; a.reason != want {
						t.Errorf("%v: the reason is %s, want %s", errno, a.reason, want)
					}
				default:
					t.Errorf("%v: an order is answered with %d", errno, a.status)
				}
			})
		}
		all.Wait()
		if refused.Load() == 0 {
			t.Errorf("%v: no order was refused", errno)
		}
		f.end()
		if a := w.order(fmt.Sprint("after-", round)); a.status != http.StatusOK {
			t.Errorf("%v: the order after it is answered with %d %s", errno, a.status, a.reason)
		}
	}
	w.stop()
	w.check()
}

var reasons = map[syscall.Errno]string{
	syscall.EIO: "ledger-unavailable", syscall.EROFS: "ledger-unavailable",
	syscall.ENOSPC: "ledger-full", syscall.EDQUOT: "ledger-full",
}

// takesNothing is what a disk does that takes no more bytes: not even those
// for which there is a place, as if it were thinly provisioned.
func takesNothing(c calls.Call, errno syscall.Errno) calls.Verdict {
	switch c.Name {
	case "openat", "mkdirat":
		if _, err := os.Lstat(c.Path); err == nil {
			return calls.Verdict{} // nothing is made
		}
	case "unlinkat", "ftruncate", "fsync":
		if reasons[errno] == "ledger-full" {
			return calls.Verdict{}
		}
	}
	return calls.Verdict{Errno: errno}
}

func TestWhileTheDiskTakesNothingOrdersAreRefusedAndThenServedAgain(t *testing.T) {
	for name, errno := range map[string]syscall.Errno{
		"broken": syscall.EIO, "remounted read-only": syscall.EROFS, "over the quota": syscall.EDQUOT, "full": syscall.ENOSPC,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newUpstream(t))
			f := w.faulty()
			w.start()
			if a := w.order("before"); a.status != http.StatusOK {
				t.Fatalf("an order is answered with %d", a.status)
			}
			before := w.goroutines()
			f.set(func(c calls.Call) calls.Verdict { return takesNothing(c, errno) })
			var all sync.WaitGroup
			for c := range 8 {
				all.Go(func() {
					for i := range 25 {
						a := w.order(fmt.Sprintf("during-%d-%d", c, i))
						if a.status != http.StatusServiceUnavailable || a.reason != reasons[errno] || a.took > bound {
							t.Errorf("an order is answered with %d %s after %v", a.status, a.reason, a.took)
						}
					}
				})
			}
			all.Wait()
			w.noGrowth(before)
			if reasons[errno] == "ledger-full" { // a process that ends now must come up again
				w.Kill()
				w.start()
				if a := w.order("restarted"); a.status != http.StatusServiceUnavailable || a.reason != reasons[errno] {
					t.Errorf("after a restart an order is answered with %d %s", a.status, a.reason)
				}
			}
			f.end()
			eventually(t, "orders are served again", func() bool { return w.order("after").status == http.StatusOK })
			w.stop()
			w.check()
		})
	}
}

func TestADiskThatHangsBoundsEveryAnswerAndLeavesNothingBehind(t *testing.T) {
	w := newWorld(t, newUpstream(t))
	w.Env = append(w.Env, "COMMIT_TIMEOUT=1s")
	f := w.faulty()
	w.start()
	if a := w.order("before"); a.status != http.StatusOK {
		t.Fatalf("an order is answered with %d", a.status)
	}
	before := w.goroutines()
	hang := make(chan struct{})
	f.set(func(calls.Call) calls.Verdict { return calls.Verdict{Hold: hang} })
	for range 3 {
		var all sync.WaitGroup
		for c := range 50 {
			all.Go(func() {
				a := w.order(fmt.Sprint("during-", c))
				if a.status != http.StatusServiceUnavailable || a.reason != "ledger-timeout" || a.took > bound {
					t.Errorf("an order is answered with %d %s after %v", a.status, a.reason, a.took)
				}
			})
		}
		all.Wait()
	}
	w.noGrowth(before)
	f.end()
	close(hang)
	eventually(t, "orders are served again", func() bool { return w.order("after").status == http.StatusOK })
	w.stop()
	w.checkLog()
}

func TestAStoreThatHangsKeepsNobodyFromBeingServed(t *testing.T) {
	w := newWorld(t, newUpstream(t))
	f := w.faulty()
	w.start()
	w.order("first")
	w.Kill()
	hang := make(chan struct{})
	f.set(func(c calls.Call) (v calls.Verdict) {
		if rel := strings.TrimPrefix(c.Path, w.Store()); strings.HasPrefix(rel, "/.tmp/") {
			v.Hold = hang // what is sealed goes through here
		}
		return v
	})
	w.start()
	for i := range 20 {
		if a := w.order(fmt.Sprint("during-", i)); a.status != http.StatusOK {
			t.Errorf("with a seal that hangs an order is answered with %d %s", a.status, a.reason)
		}
	}
	f.end()
	close(hang)
	w.stop()
	w.check()
}

// checkLog is check where orders that were refused may yet be in the log,
// because their records were being written.
func (w *world) checkLog() {
	w.t.Helper()
	lines, err := w.Records("main")
	if err != nil {
		w.t.Fatal(err)
	}
	outcomes := map[string]int{}
	for _, l := range lines {
		if l.Type == record.ExchangeType {
			_, path, _ := strings.Cut(strings.TrimPrefix(l.Request.URL, "http://"), "/")
			outcomes["/"+path]++ // whatever the address was
		}
	}
	for _, items := range w.acknowledged {
		for _, item := range items {
			if outcomes[item] == 0 {
				w.t.Errorf("%s was acknowledged and is not in the log", item)
			}
		}
	}
	w.checkProof(len(lines))
}

func (w *world) stop() {
	w.t.Helper()
	if err := w.Stop(); err != nil {
		w.t.Error(err)
	}
}
