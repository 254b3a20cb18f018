package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/storagetest"
)

func TestLocalKeepsTheStorePromises(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return open(t, t.TempDir()) })
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestOpenMakesAnAbsentFolderAndTakesItAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "store")
	first := open(t, dir)
	if err := first.Create(t.Context(), "a", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir)
	if second.Root() != dir {
		t.Errorf("root is %s, want %s", second.Root(), dir)
	}
	if err := second.Create(t.Context(), "a", strings.NewReader("y")); !errors.Is(err, storage.ErrExist) {
		t.Errorf("got %v, want ErrExist", err)
	}
}

func TestOpenRefusesFoldersThatAreNotItsOwn(t *testing.T) {
	for name, c := range map[string]struct{ file, text, says string }{
		"other files":      {"invoice.pdf", "x", "choose an empty folder, or remove"},
		"a newer format":   {marker, `{"format":2,"made":"2026-01-01T00:00:00Z"}`, "format 2"},
		"a damaged marker": {marker, `{`, "damaged"},
		"an empty marker":  {marker, `{}`, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(dir)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want an error that names the folder and says %q", err, c.says)
			}
		})
	}
	if _, err := Open(""); err == nil {
		t.Error("no folder at all was taken")
	}
}

func TestASymlinkLeadsNobodyOut(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatalf("making a symbolic link, which on Windows takes its developer mode: %v", err)
	}
	if _, err := s.Open(t.Context(), "link/secret"); err == nil {
		t.Error("a file outside the store was opened")
	}
	if err := s.Create(t.Context(), "link/new", strings.NewReader("x")); err == nil {
		t.Error("a file outside the store was made")
	}
	for name := range s.List(t.Context(), "") {
		t.Errorf("list leads out: %q", name)
	}
}

func TestWhatACrashLeftIsInvisibleAndSweptInTime(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	fresh, stale := filepath.Join(dir, scratch, "FRESH"), filepath.Join(dir, scratch, "STALE")
	for _, f := range []string{fresh, stale} {
		if err := os.WriteFile(f, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * staleAfter)
	if err := os.Chtimes(stale, long, long); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	for name := range s.List(t.Context(), "") {
		t.Errorf("list shows %q", name)
	}
	if _, err := os.Stat(stale); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the stale leftover is still there")
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error("a file that may be in use was removed:", err)
	}
}

func TestCreateLeavesNoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	s.Create(t.Context(), "a", strings.NewReader("x"))
	s.Create(t.Context(), "a", strings.NewReader("y"))
	s.Create(t.Context(), "a/b", strings.NewReader("z"))
	left, err := os.ReadDir(filepath.Join(dir, scratch))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestAFolderThatSomebodyRemovedIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for range 2 {
		if err := s.Create(t.Context(), "a/b/c", strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "a")); err != nil {
			t.Fatal(err)
		}
	}
}

// Each child process tries to create the same hundred names; every name must
// be won once over all processes.
func TestOneProcessOfManyWins(t *testing.T) {
	const names = 100
	if dir := os.Getenv("CADDYREC_TEST_STORE"); dir != "" {
		s := open(t, dir)
		for i := range names {
			if err := s.Create(t.Context(), fmt.Sprintf("used/%d", i), strings.NewReader("x")); err == nil {
				fmt.Printf("won %d\n", i)
			} else if !errors.Is(err, storage.ErrExist) {
				t.Fatal(err)
			}
		}
		return
	}
	dir := t.TempDir()
	var children []*exec.Cmd
	var outputs []*strings.Builder
	for range 4 {
		c := exec.Command(os.Args[0], "-test.run=^TestOneProcessOfManyWins$")
		c.Env = append(os.Environ(), "CADDYREC_TEST_STORE="+dir)
		out := new(strings.Builder)
		c.Stdout, c.Stderr = out, out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		children, outputs = append(children, c), append(outputs, out)
	}
	wins := map[string]int{}
	for i, c := range children {
		if err := c.Wait(); err != nil {
			t.Fatal(err, outputs[i])
		}
		for line := range strings.Lines(outputs[i].String()) {
			if strings.HasPrefix(line, "won ") {
				wins[line]++
			}
		}
	}
	if len(wins) != names {
		t.Errorf("%d names were won, want %d", len(wins), names)
	}
	for name, n := range wins {
		if n != 1 {
			t.Errorf("%d processes %s", n, name)
		}
	}
}
