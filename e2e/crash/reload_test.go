package crash

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

func TestTwoHundredReloadsUnderLoadLeaveNoGapForkOrDuplicate(t *testing.T) {
	const reloads, inFlight = 200, 20
	w := newWorld(t, newUpstream(t))
	w.start()
	release := w.held("old", inFlight) // of the first configuration, to its end
	stop := make(chan struct{})
	var answers, unsent atomic.Int64
	var all sync.WaitGroup
	for c := range 8 {
		client := &http.Client{Transport: new(http.Transport)}
		defer client.CloseIdleConnections()
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-t.Context().Done(): // it failed
					return
				default:
				}
				name := fmt.Sprintf("load-%d-%d", c, n)
				a, err := w.send(client, name)
				switch {
				case err != nil:
					// A reload closes idle connections: what is sent on one just
					// then reaches nobody (RFC 9112 section 9.5).
					unsent.Add(1)
					w.mu.Lock()
					w.unsent = append(w.unsent, w.item(name))
					w.mu.Unlock()
				case a.status != http.StatusOK:
					t.Errorf("order %s is answered with %d %s", name, a.status, a.reason)
				default:
					answers.Add(1)
				}
			}
		})
	}
	for n := range reloads {
		before := answers.Load()
		changed := strings.Replace(config, "session_record", fmt.Sprintf("header X-Config %d\n\tsession_record", n), 1)
		if err := w.Reload(t.Context(), changed); err != nil {
			t.Fatalf("reload %d: %v", n, err)
		}
		if n%10 == 0 {
			wait.Until(t, "orders are answered after the reload", func() bool { return answers.Load() > before+20 })
		}
	}
	for i, a := range release() {
		if a.status != http.StatusOK {
			t.Errorf("order %d of the first configuration is answered with %d %s after %d reloads", i, a.status, a.reason, reloads)
		}
	}
	close(stop)
	all.Wait()
	w.stop()
	w.check()
	lines, err := w.Records("main")
	if err != nil {
		t.Fatal(err)
	}
	started := 0
	for _, l := range lines {
		if l.Type == record.GatewayStarted {
			started++
		}
	}
	if started != 2 { // and once more to be checked
		t.Errorf("the log was begun %d times: a reload must not close it", started-1)
	}
	t.Logf("%d orders answered over %d reloads, %d more came upon a closed connection", answers.Load(), reloads, unsent.Load())
}

func TestASecondProcessOnTheLogIsRefusedAndTheFirstGoesOn(t *testing.T) {
	w := newWorld(t, newUpstream(t))
	w.start()
	second := newWorld(t, w.up)
	err := second.Start(t.Context(), strings.ReplaceAll(config, "{$FOLDER}/store", w.Store()))
	if err == nil {
		t.Fatal("two processes write one log")
	}
	wantSays(t, err, "main", "another process writes this log", fmt.Sprint(w.Pid()), "stop it, or give this one a log of its own")
	if a := w.order("after"); a.status != http.StatusOK {
		t.Errorf("the first one answers with %d %s", a.status, a.reason)
	}
	w.stop()
	w.check()
}

func TestAGatewayTakesOverALogFromOneThatEndsMeanwhile(t *testing.T) {
	w := newWorld(t, newUpstream(t))
	w.start()
	w.order("before")
	second := newWorld(t, w.up)
	waits := second.Logged("another process has the log open")
	started := make(chan error, 1)
	go func() { started <- second.Start(t.Context(), strings.ReplaceAll(config, "{$FOLDER}/store", w.Store())) }()
	wait.For(t, "line that says that the second waits", waits)
	if pid := fmt.Sprintf(`"process_id":"%d"`, w.Pid()); !strings.Contains(second.Log(), pid) {
		t.Errorf("it does not say for whom:\n%s", second.Log())
	}
	w.stop()
	if err := wait.For(t, "answer to whether the second starts", started); err != nil {
		t.Fatal(err)
	}
	if a := second.order("after"); a.status != http.StatusOK {
		t.Errorf("the second one answers with %d %s", a.status, a.reason)
	}
	second.stop()
	lines, err := w.Records("main")
	if err != nil {
		t.Fatal(err)
	}
	var orders []string
	for _, l := range lines {
		if l.Type == record.ExchangeType {
			orders = append(orders, path.Base(l.Request.URL))
		}
	}
	if !slices.Equal(orders, []string{"before", "after"}) {
		t.Errorf("the log has the orders %v", orders)
	}
}

// wantSays fails the test unless an error says all of it.
func wantSays(t *testing.T, err error, all ...string) {
	t.Helper()
	for _, says := range all {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("the error does not say %q: %v", says, err)
		}
	}
}
