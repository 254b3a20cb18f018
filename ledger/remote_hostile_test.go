package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage/gcs"
)

// namesOnly is a store whose objects have no end.
type namesOnly []string

func (namesOnly) Create(context.Context, string, io.Reader) error { return fs.ErrPermission }

func (namesOnly) Open(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(zeroes{}), nil
}

func (n namesOnly) List(_ context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, name := range n {
			if strings.HasPrefix(name, prefix) && !yield(name, nil) {
				return
			}
		}
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { return len(p), nil }

func TestFoldersOfManyYearsAreListedInTime(t *testing.T) {
	var names namesOnly
	for i := range 30_000 {
		at := time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC)
		names = append(names, "ledger/test/"+sealedName(at, uint64(2*i)), "ledger/test/"+sealedName(at, uint64(2*i+1)))
	}
	slices.Sort(names)
	began := time.Now()
	found, err := segments(fsSource{NewStoreFolder(t.Context(), names, "test", nil)}, sealedFolder)
	if err != nil || len(found) != len(names) {
		t.Errorf("%d of %d segments, %v", len(found), len(names), err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestABatchWithoutEndIsNotRead(t *testing.T) {
	err := Walk(NewStoreFolder(t.Context(), namesOnly{"ledger/test/" + openName(0)}, "test", nil), 0, func(Line) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "longer than a batch") {
		t.Error(err)
	}
}

// metered counts what is read of objects without end.
type metered struct {
	namesOnly
	read atomic.Int64
}

func (m *metered) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := m.namesOnly.Open(ctx, name)
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r, m), r}, err
}

func (m *metered) Write(p []byte) (int, error) {
	m.read.Add(int64(len(p)))
	return len(p), nil
}

// A batch may be as long as the longest record, but not all that are fetched
// ahead of their turn are kept if they are.
func TestLongBatchesAreReadOneAtATime(t *testing.T) {
	var names []string
	for seq := range uint64(4 * readAhead) {
		names = append(names, "ledger/test/"+openName(seq))
	}
	store := &metered{namesOnly: names}
	r := newBatchReader(t.Context(), store, names)
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, errLongBatch) {
		t.Error(err)
	}
	r.Close()
	if n := store.read.Load(); n > mostBatch+1+(readAhead+3)*(2*batchBytes+1) {
		t.Errorf("%d MiB were read", n>>20)
	}
}

// What stops a start, verification names, and it comes to its end.
func TestVerifyingNamesWhatSomebodyPutIntoTheBucket(t *testing.T) {
	for object, data := range map[string]string{
		openName(500): "x",
		openName(6):   `{"seq":6`,
		"sealed/dt=2026-01-01/hour=00/000000000001.ndjson.gz": "x",
		"sealed/dt=2026-01-01/hour=00/000000000005.ndjson.gz": "\x1f\x8b\x08\x00\x00",
	} {
		t.Run(object, func(t *testing.T) {
			p := newFarPlace(t, gcs.Retention{})
			l := p.open()
			for i := range 6 {
				commit(t, l, fmt.Sprint(i))
			}
			closeLog(t, l)
			p.bucket.Put("prod/ledger/test/"+object, []byte(data), nil)
			if l, err := p.tryOpen(); err == nil {
				closeLog(t, l)
				t.Error("the log was opened")
			}
			r, err := Verify(t.Context(), p.folder(), VerifyOptions{Key: p.keys.Verifier()})
			if err != nil || len(r.Problems) == 0 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

// A name that cannot be the log's own does not stop the start: it is told.
func TestAStrayObjectIsToldOfAndPassedOver(t *testing.T) {
	for _, object := range []string{
		"open/notes.txt", "open/500.ndjson", "open/0000000000000500.ndjson", "open/x/000000000500.ndjson", "open/000000000500.ndjson.gz",
		"latest/x", "latest/99999999999999999999.99", "latest/500.0", "latest/00000000000000000500", "latest/z/00000000000000000500.00",
		"sealed/readme", "sealed/000000000500.ndjson.gz", "sealed/dt=2026-1-1/hour=00/000000000500.ndjson.gz",
		"sealed/z/dt=2026-01-01/hour=00/000000000500.ndjson.gz", "sealed/dt=2026-01-01/hour=00/00000000000500.ndjson.gz",
	} {
		t.Run(object, func(t *testing.T) {
			p := newFarPlace(t, gcs.Retention{})
			l := p.open()
			for i := range 6 {
				commit(t, l, fmt.Sprint(i))
			}
			closeLog(t, l)
			p.bucket.Put("prod/ledger/test/"+object, []byte("x"), nil)
			var told []string
			l, err := p.tryOpen(func(o *Options) { o.OnProblem = func(err error) { told = append(told, err.Error()) } })
			if err != nil {
				t.Fatal(err)
			}
			commit(t, l, "6")
			closeLog(t, l)
			if len(told) != 1 || !strings.Contains(told[0], "ledger/test/"+object) {
				t.Errorf("told %q", told)
			}
			if lines := p.read(); len(lines) != 7 {
				t.Errorf("%d records are read", len(lines))
			}
			r, err := Verify(t.Context(), p.folder(), VerifyOptions{Key: p.keys.Verifier()})
			if err != nil || !slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Segment == object && p.Kind == kindInserted }) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

func TestTheNewestCheckpointDoesNotGoForOneThatSomebodyPutThere(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	l := p.open()
	commit(t, l, "0")
	p.bucket.Await(t, "prod/ledger/test/latest/")
	const forged = "ledger/test/latest/99999999999999999999.99"
	p.bucket.Put("prod/"+forged, []byte("x"), nil)
	if err := l.remote.sweep(0); err != nil { // as after a seal
		t.Error(err)
	}
	if names := p.names("latest"); len(names) != 2 {
		t.Errorf("there are %v", names)
	}
	closeLog(t, l)
	if err := p.objects.Delete(t.Context(), forged); err != nil {
		t.Error(err)
	}
	p.verified()
}

// A store that cannot be read now is no damage.
func TestAStoreThatFailsIsNoProblemOfTheLog(t *testing.T) {
	for _, fault := range []error{context.DeadlineExceeded, io.ErrUnexpectedEOF} {
		s := failingStore{namesOnly{"ledger/test/" + openName(1), "ledger/test/" + sealedName(time.Unix(0, 0).UTC(), 0)}, fault}
		if r, err := Verify(t.Context(), NewStoreFolder(t.Context(), s, "test", nil), VerifyOptions{}); err == nil {
			t.Errorf("%v is a problem: %+v", fault, r.Problems)
		}
	}
}

type failingStore struct {
	namesOnly
	fault error
}

func (s failingStore) Open(_ context.Context, name string) (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(bytes.NewReader([]byte{0x1f, 0x8b}), brokenReader{s.fault})), nil
}

type brokenReader struct{ fault error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.fault }
