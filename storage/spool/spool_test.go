package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
	"github.com/caddyrec/caddyrec/storage/storagetest"
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

func TestStore(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return newBench(t).Spool })
}

func TestCreatesDoNotWaitForTheBucketAndAreUploadedInOrder(t *testing.T) {
	b := newBench(t)
	b.away()
	b.create("first", "1")
	var tiles []storage.Object
	var want []string
	for i := range 20 {
		tiles = append(tiles, storage.Object{Name: fmt.Sprintf("tile/%02d", i), Data: []byte{byte(i)}})
		want = append(want, tiles[i].Name)
	}
	if err := storage.CreateAll(t.Context(), b.Spool, tiles); err != nil {
		t.Fatal(err)
	}
	b.create("checkpoint", "c")
	b.create("sealed", strings.Repeat("s", 100<<10))
	if got := b.read("checkpoint"); got != "c" {
		t.Errorf("read back %q", got)
	}
	if err := b.Create(t.Context(), "sealed", strings.NewReader("other")); !errors.Is(err, storage.ErrExist) {
		t.Errorf("creating again: got %v, want ErrExist", err)
	}
	if names := b.bucket.Names(); len(names) != 0 {
		t.Fatalf("the bucket has %q", names)
	}
	b.log.wait(t, "cannot be uploaded")
	before := len(b.inserted())
	b.back()
	b.empty()
	b.log.wait(t, "can be reached again")
	order := slices.DeleteFunc(b.inserted()[before:], func(name string) bool { return name == "first" })
	if len(order) != 22 || order[20] != "checkpoint" || order[21] != "sealed" {
		t.Fatalf("uploaded in the order %q", order)
	}
	slices.Sort(order[:20])
	if !slices.Equal(order[:20], want) {
		t.Errorf("uploaded %q", order)
	}
	if files := b.files(); len(files) != 0 {
		t.Errorf("the folder still has %q", files)
	}
	if got := b.read("sealed"); len(got) != 100<<10 {
		t.Errorf("from the bucket came %d bytes", len(got))
	}
	for _, says := range []string{"cannot be uploaded", "can be reached again"} {
		if n := strings.Count(b.log.String(), says); n != 1 {
			t.Errorf("the log says %d times %q: %s", n, says, b.log)
		}
	}
}

func TestWhatWaitsIsUploadedAfterARestartInOrder(t *testing.T) {
	b := newBench(t)
	b.away()
	for i := range 12 {
		b.create(fmt.Sprintf("o/%02d", 11-i), "x")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.log.String(), "objects=12") {
		t.Errorf("the log does not tell what is left: %s", b.log)
	}
	before := len(b.inserted())
	b.back()
	b.open()
	b.empty()
	got := b.inserted()[before:]
	slices.Reverse(got)
	if len(got) != 12 || !slices.IsSorted(got) {
		t.Errorf("uploaded backwards in the order %q", got)
	}
}

func TestListIsOfBothAndInOrder(t *testing.T) {
	b := newBench(t)
	b.create("b", "x")
	b.create("d/e", "x")
	b.empty()
	b.bucket.Fail(func(c gcstest.Call) gcstest.Fault {
		if c.Op == "insert" {
			return 503
		}
		return gcstest.None
	})
	b.create("a", "x")
	b.create("d/c", "x")
	b.create("f", "x")
	var got []string
	for name, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	if want := []string{"a", "b", "d/c", "d/e", "f"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAtItsLimitItDeniesUntilThereIsRoom(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Limit = 100 })
	b.away()
	b.create("larger than the limit, but alone"[:6], strings.Repeat("x", 200))
	if err := b.Full(); !errors.Is(err, ErrFull) {
		t.Errorf("full: %v", err)
	}
	err := b.Create(t.Context(), "b", strings.NewReader("x"))
	if !errors.Is(err, ErrFull) || errors.Is(err, storage.ErrExist) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if err := storage.CreateAll(t.Context(), b.Spool, []storage.Object{{Name: "c"}, {Name: "d", Data: []byte("x")}}); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if files := b.files(); len(files) != 1 {
		t.Errorf("the folder has %q", files)
	}
	b.back()
	b.empty()
	if err := b.Full(); err != nil {
		t.Errorf("with room: %v", err)
	}
	b.create("b", "x")
}

func TestAtItsLimitItSoundsTheAlarmAndGoesOn(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Limit = 100; o.OnFull = Alarm })
	b.away()
	for i := range 5 {
		b.create(fmt.Sprint(i), strings.Repeat("x", 60))
	}
	if err := b.Full(); err != nil {
		t.Errorf("full: %v", err)
	}
	if n := strings.Count(b.log.String(), "over its limit"); n != 1 {
		t.Errorf("it was logged %d times", n)
	}
}

func TestAnObjectThatWasUploadedBeforeACrashIsDone(t *testing.T) {
	b := newBench(t)
	b.away()
	b.create("a", strings.Repeat("same", 50_000))
	b.create("b", "")
	b.bucket.Put("a", []byte(strings.Repeat("same", 50_000)), nil)
	b.bucket.Put("b", nil, nil)
	b.back()
	b.empty()
	if files := b.files(); len(files) != 0 {
		t.Errorf("the folder has %q", files)
	}
}

func TestAConflictIsKeptAndStandsInNoOthersWay(t *testing.T) {
	for name, theirs := range map[string]string{"other bytes": "theirs", "less": "min", "more": "mine and more", "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.away()
			b.create("a", "mine")
			b.create("b", "next")
			b.bucket.Put("a", []byte(theirs), nil)
			b.back()
			b.empty()
			if o, _ := b.bucket.Object("b"); string(o.Data) != "next" {
				t.Errorf("the next object is %q", o.Data)
			}
			if o, _ := b.bucket.Object("a"); string(o.Data) != theirs {
				t.Errorf("the other object is now %q", o.Data)
			}
			files := b.files()
			if len(files) != 1 || !strings.HasSuffix(files[0], conflictSuffix) {
				t.Fatalf("the folder has %q", files)
			}
			kept, err := os.ReadFile(filepath.Join(b.opts.Dir, files[0]))
			if err != nil || !bytes.HasSuffix(kept, []byte("\nmine")) {
				t.Errorf("what was kept: %q %v", kept, err)
			}
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			b.open()
			if n := strings.Count(b.log.String(), "set aside"); n != 2 {
				t.Errorf("it was logged %d times, want at once and at the next start: %s", n, b.log)
			}
		})
	}
}

func TestWhatTheDiskDamagedIsNotUploadedAndStandsInNoOthersWay(t *testing.T) {
	for name, damage := range map[string]func(file string, data []byte) error{
		"a changed bit": func(file string, data []byte) error {
			data[len(data)-1] ^= 1
			return os.WriteFile(file, data, 0o600)
		},
		"cut short":      func(file string, data []byte) error { return os.WriteFile(file, data[:len(data)-1], 0o600) },
		"a torn head":    func(file string, data []byte) error { return os.WriteFile(file, data[:10], 0o600) },
		"a damaged head": func(file string, data []byte) error { data[0] = 'x'; return os.WriteFile(file, data, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.away()
			b.create("a", "mine")
			b.create("b", "next")
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(b.opts.Dir, b.files()[0])
			data, err := os.ReadFile(file)
			if err == nil {
				os.Remove(file)
				err = damage(file, data)
			}
			if err != nil {
				t.Fatal(err)
			}
			b.open()
			if r, err := b.Spool.Open(t.Context(), "a"); err == nil {
				if text, err := io.ReadAll(r); err == nil {
					t.Errorf("read %q", text)
				}
				r.Close()
			}
			b.back()
			b.empty()
			if names := b.bucket.Names(); !slices.Equal(names, []string{"b"}) {
				t.Errorf("the bucket has %q", names)
			}
			if files := b.files(); len(files) != 1 || !strings.HasSuffix(files[0], damagedSuffix) {
				t.Errorf("the folder has %q", files)
			}
		})
	}
}

func TestWhatACrashLeftHalfWrittenIsNoObject(t *testing.T) {
	b := newBench(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-48 * time.Hour)
	for _, name := range []string{"FRESH", "STALE"} {
		file := filepath.Join(b.opts.Dir, tempPrefix+name)
		if err := os.WriteFile(file, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if name == "STALE" {
			os.Chtimes(file, long, long)
		}
	}
	b.open()
	if n, _ := b.Waiting(); n != 0 {
		t.Errorf("%d wait", n)
	}
	if files := b.files(); !slices.Equal(files, []string{tempPrefix + "FRESH"}) {
		t.Errorf("the folder has %q", files)
	}
}

// Two spools over one folder: two logs of one machine, or two configurations
// during a reload.
func TestTwoOverOneFolderUploadEachObjectOnce(t *testing.T) {
	b := newBench(t)
	other, err := Open(b.behind(), b.opts)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i, s := range []*Spool{b.Spool, other} {
		all.Go(func() {
			for n := range 30 {
				if err := s.Create(t.Context(), fmt.Sprintf("log%d/%02d", i, n), strings.NewReader(fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	b.empty()
	if names := b.bucket.Names(); len(names) != 60 {
		t.Errorf("the bucket has %d objects, want 60", len(names))
	}
	if files := b.files(); len(files) != 0 {
		t.Errorf("the folder has %q", files)
	}
}

func TestAStallOfTheBucketHoldsNoCreateUpForLong(t *testing.T) {
	b := newBench(t)
	b.bucket.Fail(func(gcstest.Call) gcstest.Fault { return gcstest.Stall })
	began := time.Now()
	for i := range 20 {
		b.create(fmt.Sprint(i), "x")
	}
	if took := time.Since(began); took > 5*b.opts.check {
		t.Errorf("20 creates took %v", took)
	}
	b.bucket.Stop() // the stalled upload is not waited for
}

func TestACanceledCreateLeavesNothing(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- b.Create(ctx, "a", pr) }()
	pw.Write([]byte("half"))
	cancel()
	pw.Close()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if files := b.files(); len(files) != 0 {
		t.Errorf("the folder has %q", files)
	}
}

func TestOptionsThatCannotBeMeantAreRefused(t *testing.T) {
	for _, o := range []Options{{Limit: 1, OnFull: Deny}, {Dir: t.TempDir(), OnFull: Deny}, {Dir: t.TempDir(), Limit: 1}, {Dir: t.TempDir(), Limit: 1, OnFull: "ask"}} {
		if s, err := Open(nil, o); err == nil {
			s.Close()
			t.Errorf("%+v was taken", o)
		}
	}
}
