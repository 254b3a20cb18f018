package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/gateway"
	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

// load sends orders, each of its own item, over a number of connections until
// it is told to stop.
type load struct {
	stop    chan struct{}
	workers sync.WaitGroup
	answers atomic.Int64

	mu       sync.Mutex
	answered map[string]int   // status by item, of answers that came whole
	failed   map[string]error // by item, of orders without a whole answer
}

func (w *world) load(prefix, token string, connections int) *load {
	l := &load{stop: make(chan struct{}), answered: map[string]int{}, failed: map[string]error{}}
	for c := range connections {
		l.workers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-l.stop:
					return
				default:
				}
				item := fmt.Sprintf("%s-%d-%d", prefix, c, n)
				a, err := send(w.request(http.MethodPost, "/orders", token, order(item, 1)))
				l.mu.Lock()
				if err != nil {
					l.failed[item] = err
				} else {
					l.answered[item] = a.Status
				}
				l.mu.Unlock()
				if err == nil {
					l.answers.Add(1)
				}
			}
		})
	}
	return l
}

// end stops the load and waits for its last answers.
func (l *load) end() {
	close(l.stop)
	l.workers.Wait()
}

// items maps each order's item to how many records of a type it has.
func (w *world) items(kind record.Type) map[string]int {
	w.t.Helper()
	items := map[string]int{}
	for _, l := range w.recorded(kind) {
		var body struct{ Item string }
		if b := l.Request.Body; b == nil || b.Content == nil || json.Unmarshal([]byte(*b.Content), &body) != nil {
			w.t.Fatalf("a record without a body: %s", l.Raw)
		}
		items[body.Item]++
	}
	return items
}

func TestNothingAcknowledgedIsLostWhenTheGatewayIsKilledUnderLoad(t *testing.T) {
	w := newWorld(t, issuer(t))
	token := w.service("service")
	acknowledged := map[string]bool{}
	for round := range 5 {
		w.start()
		l := w.load(fmt.Sprintf("round%d", round), token, 16)
		wait.Until(t, "400 orders are answered", func() bool { return l.answers.Load() >= 400 })
		w.Kill()
		l.end()
		for item, status := range l.answered {
			if status != http.StatusOK {
				t.Fatalf("order %s was answered with %d", item, status)
			}
			acknowledged[item] = true
		}
	}
	torn := tear(t, w)
	w.start()

	exchanges := w.items(record.ExchangeType)
	for item := range acknowledged {
		if exchanges[item] != 1 {
			t.Errorf("order %s was acknowledged and is in the ledger %d times", item, exchanges[item])
		}
	}
	intents := w.items(record.Intent)
	for _, a := range w.up.arrivals() {
		var body struct{ Item string }
		json.Unmarshal([]byte(a.Body), &body)
		if intents[body.Item] != 1 {
			t.Errorf("order %s reached the upstream and has %d intents in the ledger", body.Item, intents[body.Item])
		}
	}
	recovered := w.recorded(record.GatewayRecovered)
	if !slices.ContainsFunc(recovered, func(r gateway.Line) bool { return r.Gateway.Cut >= torn && r.Gateway.Segment != "" }) {
		t.Errorf("a line torn after %d bytes was cut, and the recoveries on record are %d", torn, len(recovered))
	}
	if a := w.post("/orders", token, order("after", 1)); a.Status != http.StatusOK {
		t.Errorf("after the recovery an order is answered with %d %s", a.Status, a.Body)
	}
	t.Logf("%d orders acknowledged over 5 kills", len(acknowledged))
}

// tear writes half a record at the end of the open segment, as a crash in the
// middle of a write would, and returns its length.
func tear(t *testing.T, w *world) int64 {
	t.Helper()
	open, err := filepath.Glob(filepath.Join(w.LedgerFolder("main"), "open", "*.ndjson"))
	if err != nil || len(open) == 0 {
		t.Fatalf("no open segment: %v", err)
	}
	slices.Sort(open)
	f, err := os.OpenFile(open[len(open)-1], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.TrimRight(text, "\x00")
	whole := lines[:bytes.LastIndexByte(lines, '\n')+1]
	last := whole[bytes.LastIndexByte(whole[:len(whole)-1], '\n')+1:]
	half := last[:len(last)/2]
	if _, err := f.WriteAt(half, int64(len(whole))); err != nil {
		t.Fatal(err)
	}
	return int64(len(half))
}

func TestASecondProcessOnTheSameLedgerIsRefused(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	second := newWorld(t, issuer(t))
	second.vars["FOLDER"] = w.Folder
	config := second.caddyfile()
	// Its own admin socket, the first one's store.
	config = string(bytes.Replace([]byte(config), []byte("unix/"+w.Folder), []byte("unix/"+second.Folder), 1))
	err := second.Start(t.Context(), config)
	if err == nil {
		t.Fatal("two processes write the same log")
	}
	for _, want := range []string{"main", "another process"} {
		if !bytes.Contains([]byte(err.Error()), []byte(want)) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	w.want(w.post("/orders", w.service("service"), order("chair", 1)), http.StatusOK, "")
}
