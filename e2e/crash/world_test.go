package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/e2e/gateway"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// config is a site that records. Its commit_timeout is long, so that a slow disk
// or a machine that stood still is not taken for a fault.
const config = `{
	admin unix/{$FOLDER}/admin.sock
	persist_config off
	caddyrec {
		store local {$FOLDER}/store
		commit_timeout {$COMMIT_TIMEOUT:5m}
	}
}
http://{$ADDRESS} {
	session_record
	reverse_proxy {$UPSTREAM}
}
`

// upstream is an API that notes which items reached it. Each request's item is
// its path.
type upstream struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string]int
	hold <-chan struct{} // if not nil, answers wait until it is closed
}

func newUpstream(t *testing.T) *upstream {
	u := &upstream{seen: map[string]int{}}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		u.mu.Lock()
		u.seen[r.URL.Path]++
		hold := u.hold
		u.mu.Unlock()
		if hold != nil {
			<-hold
		}
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(r.URL.Path, "/large-") { // twice as large in a record, nearly
			io.WriteString(w, `{"receipt":"`+strings.Repeat(`\\`, 500_000)+`"}`)
			return
		}
		io.WriteString(w, `{"receipt":"`+strings.Repeat("r", 1+len(r.URL.Path)*20%700)+`"}`)
	}))
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) holds(until <-chan struct{}) {
	u.mu.Lock()
	u.hold = until
	u.mu.Unlock()
}

func (u *upstream) orders() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.seen)
}

// world is a gateway with one store that outlives its kills, and what is known
// of it from outside.
type world struct {
	*gateway.Gateway
	t  *testing.T
	up *upstream

	mu           sync.Mutex
	acknowledged [][]string // by connection, in order
	unsent       []string   // that must not have been taken
}

const connections = 4

func newWorld(t *testing.T, up *upstream) *world {
	t.Helper()
	g, err := tests.Gateway()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Gateway: g, t: t, up: up, acknowledged: make([][]string, connections)}
	w.Env = []string{"UPSTREAM=" + strings.TrimPrefix(up.URL, "http://")}
	t.Cleanup(func() {
		w.Kill()
		os.RemoveAll(w.Folder)
	})
	return w
}

// load sends orders over each connection, one after the other, until the
// gateway is gone, or until n are answered.
func (w *world) load(round, n int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for c := range connections {
		all.Go(func() {
			for i := range n / connections {
				item := fmt.Sprintf("/%s/%d-%d-%d", filepath.Base(w.Folder), round, c, i)
				body := bytes.NewReader([]byte(`{"item":"` + strings.Repeat("i", i*97%1500) + `"}`))
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.Address+item, body)
				if err != nil {
					w.t.Error(err)
					return
				}
				req.Header.Set("Content-Type", "application/json")
				res, err := client.Do(req)
				if err != nil {
					return // it was killed
				}
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if err != nil {
					return
				}
				if res.StatusCode != http.StatusOK {
					w.t.Errorf("order %s is answered with %s", item, res.Status)
					return
				}
				w.mu.Lock()
				w.acknowledged[c] = append(w.acknowledged[c], item)
				w.mu.Unlock()
			}
		})
	}
	all.Wait()
}

// check starts the gateway once more and holds what is there against what was
// acknowledged and what the upstream saw.
func (w *world) check() {
	w.t.Helper()
	w.Calls = nil
	if err := w.Start(w.t.Context(), config); err != nil {
		w.t.Fatal(err)
	}
	if err := w.Stop(); err != nil {
		w.t.Error(err)
	}
	lines, err := w.Records("main")
	if err != nil {
		w.t.Fatal(err)
	}
	intents, outcomes := map[string]int{}, map[string]int{} // seq by item
	open := map[string]string{}                             // item by exchange
	for i, l := range lines {
		if l.Seq != uint64(i) {
			w.t.Fatalf("record %d says that it is %d", i, l.Seq)
		}
		if l.Request == nil {
			continue
		}
		at := strings.Index(l.Request.URL, "/"+filepath.Base(w.Folder)+"/")
		if at < 0 {
			w.t.Fatalf("a record of %s", l.Request.URL)
		}
		item, seen := l.Request.URL[at:], intents
		if l.Type == record.ExchangeType {
			seen = outcomes
			delete(open, l.Exchange)
		} else {
			open[l.Exchange] = item
		}
		if _, twice := seen[item]; twice {
			w.t.Errorf("%s of %s is in the log twice", l.Type, item)
		}
		seen[item] = i
	}
	w.checkAcknowledged(intents, outcomes)
	w.checkOrphans(open)
	w.checkProof(len(lines))
}

func (w *world) checkAcknowledged(intents, outcomes map[string]int) {
	w.t.Helper()
	for c, items := range w.acknowledged {
		last := -1
		for _, item := range items {
			intent, begun := intents[item]
			outcome, ended := outcomes[item]
			switch {
			case !begun || !ended:
				w.t.Errorf("%s was acknowledged and is not in the log", item)
			case !(last < intent && intent < outcome):
				w.t.Errorf("connection %d: %s is recorded at %d and %d, after %d", c, item, intent, outcome, last)
			}
			last = outcome
		}
	}
	for _, item := range w.unsent {
		if _, ok := intents[item]; ok {
			w.t.Errorf("%s was taken and got no answer", item)
		}
	}
	w.up.mu.Lock()
	defer w.up.mu.Unlock()
	for item, times := range w.up.seen {
		if _, ok := intents[item]; strings.HasPrefix(item, "/"+filepath.Base(w.Folder)+"/") && (!ok || times != 1) {
			w.t.Errorf("%s reached the upstream %d times, its intent is recorded: %v", item, times, ok)
		}
	}
}

// checkOrphans holds the intents without an outcome against what the command
// finds.
func (w *world) checkOrphans(open map[string]string) {
	w.t.Helper()
	stdout, stderr, err := w.Command(w.t.Context(), "rec", "ls", "--orphans", "--json", "--store", w.Store())
	if (err == nil) != (len(open) == 0) {
		w.t.Errorf("caddy rec ls --orphans says %v with %d of them: %s", err, len(open), stderr)
	}
	for line := range strings.Lines(stdout) {
		var r record.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			w.t.Fatalf("%v: %s", err, line)
		}
		if _, ok := open[r.Exchange]; !ok {
			w.t.Errorf("caddy rec ls --orphans finds %s, which has its outcome", r.Exchange)
		}
		delete(open, r.Exchange)
	}
	for _, item := range open {
		w.t.Errorf("caddy rec ls --orphans does not find %s", item)
	}
}

func (w *world) checkProof(records int) {
	w.t.Helper()
	keys, err := ledger.LoadKeys(filepath.Join(w.Store(), "keys"), "main")
	if err != nil {
		w.t.Fatal(err)
	}
	report, err := ledger.Verify(w.t.Context(), os.DirFS(w.LedgerFolder("main")), ledger.VerifyOptions{Key: keys.Verifier()})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range report.Problems {
		w.t.Errorf("the log does not verify: %+v", p)
	}
	if report.Records != records {
		w.t.Errorf("%d of %d records verify", report.Records, records)
	}
}
