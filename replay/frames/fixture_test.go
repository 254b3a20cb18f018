package frames

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/replaytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var began = time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)

// world is a log that a test writes to.
type world struct {
	t   testing.TB
	dir string
	log *ledger.Log
}

func newWorld(t testing.TB, change ...func(*ledger.Options)) *world {
	t.Helper()
	w := &world{t: t}
	often := func(o *ledger.Options) { o.CheckpointEvery = time.Millisecond }
	w.log, w.dir = replaytest.NewLog(t, append([]func(*ledger.Options){often}, change...)...)
	return w
}

// add commits a record that happened so many seconds after the beginning.
func (w *world) add(typ record.Type, session, exchange string, after float64) {
	w.t.Helper()
	r := record.New(typ)
	r.Time = record.Time{Time: began.Add(time.Duration(after * float64(time.Second)))}
	r.Exchange = exchange
	if session != "" {
		r.Session = &record.Session{ID: session, Key: "sid"}
	}
	if _, err := w.log.Commit(context.Background(), r.AppendFields(nil)); err != nil {
		w.t.Fatal(err)
	}
}

// untilSealed adds records of nobody until a segment is sealed.
func (w *world) untilSealed() {
	w.t.Helper()
	for {
		found, err := filepath.Glob(filepath.Join(w.dir, "sealed", "*", "*", "*"))
		if err != nil {
			w.t.Fatal(err)
		}
		if len(found) > 0 {
			return
		}
		w.add(record.Denied, "", "", 0)
	}
}

func (w *world) library() *Library { return NewLibrary(w.log.Reader()) }

// story is a session with a request that needs approval, beside another session.
func (w *world) story() {
	w.add(record.SessionObserved, "s1", "", 0)
	w.add(record.Intent, "s1", "x1", 1)
	w.add(record.ExchangeType, "s2", "x9", 1.5)
	w.add(record.ApprovalRequested, "", "x1", 2)
	w.add(record.ApprovalVoted, "", "x1", 30)
	w.add(record.ExchangeType, "s1", "x1", 31)
	w.add(record.Chunk, "s1", "x2", 29) // the clock was set back
	w.add(record.Denied, "s1", "x3", 40)
}

func watch(t *testing.T, r *Recording) (all []Shown) {
	t.Helper()
	for n := 0; ; n++ {
		f, err := r.Frame(t.Context(), n)
		if errors.Is(err, ErrEnd) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
}

func outline(all []Shown) string {
	var b strings.Builder
	for _, f := range all {
		fmt.Fprintf(&b, "%d:%d %s %v of %d\n", f.Number, f.Seq, f.Kind, f.At, f.Of)
	}
	return b.String()
}

// still are the pages, once nothing is read ahead any more.
func (r *Recording) still() []*page {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.reading != nil {
		more := r.reading.wait()
		r.mu.Unlock()
		<-more
		r.mu.Lock()
	}
	return r.pages
}
