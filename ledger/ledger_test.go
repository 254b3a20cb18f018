package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/caddyrec/caddyrec/storage/local"
)

func TestMain(m *testing.M) {
	if os.Getenv(childFolder) != "" {
		childMain()
		return
	}
	goleak.VerifyTestMain(m)
}

// place is a store, its keys, and the folder of its one log, named "test".
type place struct {
	t        testing.TB
	store    *local.Store
	keys     *Keys
	dir      string
	mu       sync.Mutex
	problems []error
	notes    [][]byte
	noted    chan struct{} // of capacity 1: a checkpoint was announced
}

func newPlace(t testing.TB) *place {
	t.Helper()
	base := t.TempDir()
	store, err := local.Open(filepath.Join(base, "store"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	keys, err := LoadKeys(filepath.Join(base, "keys"), "test")
	if err != nil {
		t.Fatal(err)
	}
	return &place{t: t, store: store, keys: keys, dir: filepath.Join(store.Root(), "ledger", "test"), noted: make(chan struct{}, 1)}
}

// after waits until ok, which an announced checkpoint may have made so.
func (p *place) after(ok func() bool) {
	for !ok() {
		<-p.noted
	}
}

func (p *place) options() Options {
	return Options{
		Dir: p.dir, Log: "test", Store: p.store, Keys: p.keys, CheckpointEvery: time.Millisecond, retry: time.Nanosecond,
		OnProblem: func(err error) {
			p.mu.Lock()
			p.problems = append(p.problems, err)
			p.mu.Unlock()
		},
		OnCheckpoint: func(note []byte) {
			p.mu.Lock()
			p.notes = append(p.notes, note)
			p.mu.Unlock()
			select {
			case p.noted <- struct{}{}:
			default:
			}
		},
	}
}

func (p *place) open(change ...func(*Options)) *Log {
	p.t.Helper()
	o := p.options()
	for _, f := range change {
		f(&o)
	}
	l, err := Open(o)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { l.Close() })
	return l
}

// bubble runs f where time is the test's own and synctest.Wait waits until the
// log has nothing left to do.
func (p *place) bubble(f func(t *testing.T)) {
	p.t.Helper()
	outer := p.t.(*testing.T)
	defer func() { p.t = outer }()
	synctest.Test(outer, func(t *testing.T) {
		p.t = t
		f(t)
	})
}

// problemsSoFar gives the problems reported and forgets them.
func (p *place) problemsSoFar() []error {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.problems
	p.problems = nil
	return all
}

func (p *place) noProblems() {
	p.t.Helper()
	for _, err := range p.problemsSoFar() {
		p.t.Errorf("problem: %v", err)
	}
}

// read gives all records in the folder.
func (p *place) read() []string {
	p.t.Helper()
	var lines []string
	err := Walk(os.DirFS(p.dir), 0, func(l Line) error {
		if l.Seq != uint64(len(lines)) {
			return fmt.Errorf("record %d came where %d was due", l.Seq, len(lines))
		}
		lines = append(lines, string(l.Raw))
		return nil
	})
	if err != nil {
		p.t.Errorf("walking: %v", err)
	}
	return lines
}

// verified verifies the folder and fails the test on any problem.
func (p *place) verified() *Report {
	p.t.Helper()
	r := p.verify()
	for _, problem := range r.Problems {
		p.t.Errorf("verify: %+v", problem)
	}
	return r
}

func (p *place) verify() *Report {
	p.t.Helper()
	r, err := Verify(context.Background(), os.DirFS(p.dir), VerifyOptions{Key: p.keys.Verifier()})
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

func fields(text string) []byte {
	return fmt.Appendf(nil, `{"id":"id-%.8s","time":"2026-11-21T18:00:00.000000Z","type":"test","text":%q}`, text, text)
}

func commit(t testing.TB, l *Log, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := l.Commit(context.Background(), fields(text)); err != nil {
			t.Fatal(err)
		}
	}
}

// underLoad commits one record after the other until stop is called.
func underLoad(t testing.TB, l *Log) (stop func()) {
	end := make(chan struct{})
	var load sync.WaitGroup
	load.Go(func() {
		for {
			select {
			case <-end:
				return
			default:
				commit(t, l, "x")
			}
		}
	})
	return func() {
		close(end)
		load.Wait()
	}
}

// manyTiles makes a log of 1,280 records in several sealed segments.
func manyTiles(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	l := p.open(func(o *Options) { o.SealBytes = 60_000 })
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for range 20 {
				commit(t, l, "x")
			}
		})
	}
	all.Wait()
	closeLog(t, l)
	restart(t, p)
	return p
}

func closeLog(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func reasonOf(err error) string {
	var c *CommitError
	if errors.As(err, &c) {
		return c.Reason
	}
	return fmt.Sprint(err)
}

// hasTexts checks that the records hold exactly these texts, in order.
func hasTexts(t testing.TB, lines []string, texts ...string) {
	t.Helper()
	if len(lines) != len(texts) {
		t.Fatalf("%d records, want %d: %q", len(lines), len(texts), lines)
	}
	for i, text := range texts {
		if !strings.Contains(lines[i], fmt.Sprintf(`"text":%q`, text)) {
			t.Errorf("record %d is %s, want text %q", i, lines[i], text)
		}
	}
}

func (p *place) path(elem ...string) string {
	return filepath.Join(append([]string{p.dir}, elem...)...)
}

func (p *place) openSegments() []string {
	names, err := filepath.Glob(p.path("open", "*.ndjson"))
	if err != nil {
		p.t.Fatal(err)
	}
	return names
}

// only gives the one file that a pattern matches in the log's folder.
func (p *place) only(pattern string) string {
	p.t.Helper()
	found, err := filepath.Glob(p.path(pattern))
	if err != nil || len(found) != 1 {
		p.t.Fatalf("%s matches %q, want one file", pattern, found)
	}
	return found[0]
}
