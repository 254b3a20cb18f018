package spool

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a spool in front of a bucket.
type bench struct {
	*Spool
	t      *testing.T
	bucket *gcstest.Server
	opts   Options
	log    *logged
}

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{t: t, bucket: gcstest.Start(t), log: new(logged)}
	b.opts = Options{
		Dir: filepath.Join(t.TempDir(), "made", "outbox"), Limit: 1 << 30, OnFull: Deny, Log: slog.New(slog.NewTextHandler(b.log, nil)),
		pause: time.Millisecond, check: 300 * time.Millisecond, drain: 10 * time.Second,
	}
	for _, c := range change {
		c(&b.opts)
	}
	b.open()
	return b
}

func (b *bench) behind() storage.Store {
	s, err := gcs.Open(b.t.Context(), gcs.Options{Bucket: gcstest.Bucket, Endpoint: b.bucket.URL, Timeout: 900 * time.Millisecond})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { s.Close() })
	return s
}

func (b *bench) open() {
	b.t.Helper()
	s, err := Open(b.behind(), b.opts)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Spool = s
	b.t.Cleanup(func() { s.Close() })
}

// away makes the bucket one that answers nobody.
func (b *bench) away() { b.bucket.Fail(func(gcstest.Call) gcstest.Fault { return 503 }) }

func (b *bench) back() { b.bucket.Fail(nil) }

func (b *bench) create(name, text string) {
	b.t.Helper()
	if err := b.Create(b.t.Context(), name, strings.NewReader(text)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) read(name string) string {
	b.t.Helper()
	r, err := b.Spool.Open(b.t.Context(), name)
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// empty waits until nothing waits.
func (b *bench) empty() {
	b.t.Helper()
	late := time.After(20 * time.Second)
	for {
		b.mu.Lock()
		n, progress := len(b.pending), b.progress
		b.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-progress:
		case <-late:
			b.t.Fatalf("%d objects still wait; the log: %s", n, b.log)
		}
	}
}

func (b *bench) files() (names []string) {
	all, err := os.ReadDir(b.opts.Dir)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

// inserted are the names that were uploaded, in order.
func (b *bench) inserted() (names []string) {
	for _, c := range b.bucket.Calls() {
		if c.Op == "insert" {
			names = append(names, c.Name)
		}
	}
	return names
}

// logged is a log that can be waited for.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed at the next line; nil while nobody waits
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	return l.text.Write(p)
}

func (l *logged) wait(t *testing.T, says string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		l.mu.Lock()
		if strings.Contains(l.text.String(), says) {
			l.mu.Unlock()
			return
		}
		if l.more == nil {
			l.more = make(chan struct{})
		}
		more := l.more
		l.mu.Unlock()
		select {
		case <-more:
		case <-late:
			t.Fatalf("the log does not say %q: %s", says, l)
		}
	}
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
