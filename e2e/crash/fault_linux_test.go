package crash

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/calls"
	"github.com/caddyrec/caddyrec/e2e/wait"
)

// fault makes the gateway's calls fail, all or some, while it is set.
type fault struct{ verdict atomic.Pointer[calls.Decide] }

func (f *fault) set(d calls.Decide) { f.verdict.Store(&d) }

func (f *fault) end() { f.verdict.Store(nil) }

// needCalls ends a test that could watch no calls: it would test nothing.
func needCalls(t *testing.T) {
	t.Helper()
	if err := calls.Supported(); err != nil {
		t.Fatalf("watching system calls takes Linux 5.19 or later on amd64 or arm64, where processes may set seccomp filters: %v", err)
	}
}

func (w *world) faulty() *fault {
	w.t.Helper()
	needCalls(w.t)
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
			wait.Until(t, "orders are served again", func() bool { return w.order("after").status == http.StatusOK })
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
	wait.Until(t, "orders are served again", func() bool { return w.order("after").status == http.StatusOK })
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
