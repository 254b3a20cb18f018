package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

// bound is how long any answer may take while the disk does not answer: the
// commit_timeout of one second, and what a loaded machine adds.
const bound = time.Second + 2*time.Second

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

// held sends orders whose answers the upstream keeps back until release, or
// until the test ends: the upstream cannot be closed before.
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
	wait.Until(w.t, "the orders are at the upstream", func() bool { return w.up.orders() == before+n })
	w.up.holds(nil)
	release = sync.OnceValue(func() []answer {
		close(hold)
		all.Wait()
		return answers
	})
	w.t.Cleanup(func() { release() })
	return release
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
	wait.Until(w.t, "there are no more goroutines than before", func() bool { return w.goroutines() <= before+10 })
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
