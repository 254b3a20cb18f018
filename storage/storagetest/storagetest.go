// Package storagetest holds every [storage.Store] to the same promises. Each
// store's own tests call [Run].
package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddyrec/caddyrec/storage"
)

// Run tests a kind of store. Each call of open gives a new, empty one.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	t.Run("what was created is read back", func(t *testing.T) { readBack(t, open(t)) })
	t.Run("a second create is refused and changes nothing", func(t *testing.T) { createOnce(t, open(t)) })
	t.Run("of many creates at once one wins", func(t *testing.T) { oneWins(t, open(t)) })
	t.Run("a reader never sees a part", func(t *testing.T) { neverPartial(t, open(t)) })
	t.Run("a create that fails leaves nothing", func(t *testing.T) { failedCreate(t, open(t)) })
	t.Run("a canceled create leaves nothing", func(t *testing.T) { canceledCreate(t, open(t)) })
	t.Run("what is not there is ErrNotExist", func(t *testing.T) { notThere(t, open(t)) })
	t.Run("many are created at once, and again", func(t *testing.T) { createAll(t, open(t)) })
	t.Run("names that could mean something else are refused", func(t *testing.T) { badNames(t, open(t)) })
	t.Run("list is by prefix and in order", func(t *testing.T) { list(t, open(t)) })
}

func readBack(t *testing.T, s storage.Store) {
	for _, size := range []int{0, 1, 4096, 3 << 20} {
		name := fmt.Sprintf("sizes/of=%d/object.bin", size)
		want := bytes.Repeat([]byte{'a', 0, '\n', 0xff}, size/4+1)[:size]
		if err := s.Create(t.Context(), name, bytes.NewReader(want)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, name); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes came back, %d went in", name, len(got), len(want))
		}
	}
}

func createOnce(t *testing.T, s storage.Store) {
	if err := s.Create(t.Context(), "a/b", strings.NewReader("first")); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"second", "first", ""} {
		err := s.Create(t.Context(), "a/b", strings.NewReader(text))
		if !errors.Is(err, storage.ErrExist) || !errors.Is(err, fs.ErrExist) {
			t.Errorf("creating again: got %v, want ErrExist", err)
		}
	}
	if got := read(t, s, "a/b"); string(got) != "first" {
		t.Errorf("object now holds %q", got)
	}
}

func oneWins(t *testing.T, s storage.Store) {
	for round := range 20 {
		name := fmt.Sprintf("race/%d/used", round)
		var wins atomic.Int32
		var winner atomic.Value
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i := range 16 {
			wg.Go(func() {
				<-start
				text := fmt.Sprint(i)
				switch err := s.Create(t.Context(), name, strings.NewReader(text)); {
				case err == nil:
					wins.Add(1)
					winner.Store(text)
				case !errors.Is(err, storage.ErrExist):
					t.Errorf("a loser got %v, want ErrExist", err)
				}
			})
		}
		close(start)
		wg.Wait()
		if wins.Load() != 1 {
			t.Fatalf("%d creates of %s won, want 1", wins.Load(), name)
		}
		if got := read(t, s, name); string(got) != winner.Load() {
			t.Errorf("%s holds %q, the winner wrote %q", name, got, winner.Load())
		}
	}
}

func neverPartial(t *testing.T, s storage.Store) {
	const name, size = "slow/object", 1 << 20
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- s.Create(t.Context(), name, pr) }()
	for range 4 {
		if _, err := pw.Write(make([]byte, size/4)); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Open(t.Context(), name); err == nil {
			r.Close()
			t.Fatal("the object could be opened while it was being written")
		}
		if got := names(t, s, ""); len(got) != 0 {
			t.Fatalf("the store lists %q while the object is being written", got)
		}
	}
	pw.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, name); len(got) != size {
		t.Errorf("%d bytes, want %d", len(got), size)
	}
}

func failedCreate(t *testing.T, s storage.Store) {
	broken := errors.New("the source broke")
	err := s.Create(t.Context(), "a/b", io.MultiReader(strings.NewReader("half"), failing{broken}))
	if !errors.Is(err, broken) {
		t.Fatalf("got %v, want the source's error", err)
	}
	gone(t, s, "a/b")
	if err := s.Create(t.Context(), "a/b", strings.NewReader("whole")); err != nil {
		t.Errorf("the name is spent: %v", err)
	}
}

func canceledCreate(t *testing.T, s storage.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Create(ctx, "a/b", strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	gone(t, s, "a/b")
}

func notThere(t *testing.T, s storage.Store) {
	if err := s.Create(t.Context(), "a/b", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b", "a", "a/b/c", "a/bb"} {
		gone(t, s, name)
	}
}

func createAll(t *testing.T, s storage.Store) {
	var all []storage.Object
	for i := range 40 {
		all = append(all, storage.Object{Name: fmt.Sprintf("many/%d/x%03d", i%3, i), Data: []byte(fmt.Sprint(i))})
	}
	// Some are there already, as after a crash.
	for _, o := range all[10:20] {
		if err := s.Create(t.Context(), o.Name, bytes.NewReader(o.Data)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := storage.CreateAll(t.Context(), s, all); err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			if got := read(t, s, o.Name); !bytes.Equal(got, o.Data) {
				t.Errorf("%s holds %q", o.Name, got)
			}
		}
		if got := names(t, s, ""); len(got) != len(all) {
			t.Errorf("%d objects, want %d: %q", len(got), len(all), got)
		}
	}
	for _, other := range []string{"another", "", "00"} {
		err := storage.CreateAll(t.Context(), s, []storage.Object{{Name: "fresh/" + "x" + other, Data: nil}, {Name: all[0].Name, Data: []byte(other)}})
		if !errors.Is(err, storage.ErrExist) {
			t.Errorf("with other bytes under a taken name: got %v, want ErrExist", err)
		}
	}
	if got := read(t, s, all[0].Name); !bytes.Equal(got, all[0].Data) {
		t.Errorf("an object was changed to %q", got)
	}
	if err := storage.CreateAll(t.Context(), s, []storage.Object{{Name: "../x"}}); err == nil {
		t.Error("a bad name was taken")
	}
}

func badNames(t *testing.T, s storage.Store) {
	for _, name := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "./a", ".hidden", "a/.b", "a.", "a\x00b",
		"a\nb", "a b", "a\\b", "a:b", "ä", "a*b", "~", strings.Repeat("x", 300), strings.Repeat("x/", 600) + "x",
	} {
		if err := s.Create(t.Context(), name, strings.NewReader("x")); err == nil || errors.Is(err, storage.ErrExist) {
			t.Errorf("create %q: got %v, want a refusal", name, err)
		}
		if _, err := s.Open(t.Context(), name); err == nil || errors.Is(err, storage.ErrNotExist) {
			t.Errorf("open %q: got %v, want a refusal", name, err)
		}
	}
	if got := names(t, s, ""); len(got) != 0 {
		t.Errorf("refused names left %q", got)
	}
}

func list(t *testing.T, s storage.Store) {
	all := []string{"a", "b+c/x", "b-c", "b.c", "b/1", "b/10/x", "b/2", "b/d/e/f", "b0", "c=1/z", "c=1/zz"}
	for _, i := range []int{7, 0, 10, 3, 5, 1, 9, 2, 8, 4, 6} {
		if err := s.Create(t.Context(), all[i], strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.IsSorted(all) {
		t.Fatal("the test's own list is out of order")
	}
	for _, prefix := range []string{"", "b", "b/", "b/1", "b/10/", "b/d", "c=1/z", "c=1/zz", "nothing", "a/", "a"} {
		var want []string
		for _, name := range all {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		if got := names(t, s, prefix); !slices.Equal(got, want) {
			t.Errorf("prefix %q: got %q, want %q", prefix, got, want)
		}
	}
	for range s.List(t.Context(), "b") {
		break // must not go on after the caller had enough
	}
	for name, err := range s.List(t.Context(), "../") {
		if err == nil {
			t.Errorf("listing a bad prefix gave %q", name)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func read(t *testing.T, s storage.Store, name string) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func gone(t *testing.T, s storage.Store, name string) {
	t.Helper()
	if _, err := s.Open(t.Context(), name); !errors.Is(err, storage.ErrNotExist) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open %q: got %v, want ErrNotExist", name, err)
	}
}

func names(t *testing.T, s storage.Store, prefix string) []string {
	t.Helper()
	var got []string
	for name, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	return got
}
