package schemaguard

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddyrec/caddyrec/exchange"
)

// text is a contract that is what stands in its files.
type text struct {
	content string
	names   []string
}

func (c *text) expect(*http.Request) expectation { return expectation{} }
func (c *text) files() []string                  { return c.names }
func (c *text) sources() []exchange.Source       { return nil }
func (c *text) approvals() int                   { return 0 }
func (c *text) warnings() []string               { return nil }

// desk is a folder with files that refer to others by "ref <name>", and fail to
// load where they say "bad".
type desk struct {
	*testing.T
	dir   string
	files *files
	log   *observer.ObservedLogs
	reads int
}

func newDesk(t *testing.T, content string) *desk {
	t.Helper()
	core, log := observer.New(zap.DebugLevel)
	d := &desk{T: t, dir: t.TempDir(), log: log}
	d.write("main", content)
	f, err := open([]string{"", filepath.Join(d.dir, "main")}, d.load, func(contract) {}, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	d.files = f
	return d
}

// write replaces a file. Each time it is another file, and another time.
func (d *desk) write(name, content string) {
	d.Helper()
	to := filepath.Join(d.dir, name)
	if err := os.WriteFile(to+".new", []byte(content), 0o600); err != nil {
		d.Fatal(err)
	}
	if err := os.Rename(to+".new", to); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) load() (contract, error) {
	d.reads++
	c := &text{}
	for next := "main"; next != ""; {
		name := filepath.Join(d.dir, next)
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, errors.New(next + " is missing")
		}
		if strings.Contains(string(b), "bad") {
			return nil, errors.New(next + " is bad")
		}
		c.content += string(b)
		c.names = append(c.names, name)
		_, next, _ = strings.Cut(string(b), "ref ")
	}
	return c, nil
}

func (d *desk) says(want string) {
	d.Helper()
	if got := d.files.contract().(*text).content; got != want {
		d.Errorf("in force is %q, not %q", got, want)
	}
}

func (d *desk) complaints() int { return d.log.FilterLevelExact(zap.ErrorLevel).Len() }

func TestAChangedFileIsLoadedAnewOnceItIsSettled(t *testing.T) {
	d := newDesk(t, "one")
	d.files.look()
	if d.reads != 1 {
		t.Errorf("it was read %d times without a change", d.reads)
	}
	d.write("main", "two")
	d.files.look()
	d.says("one")
	d.write("main", "three")
	d.files.look()
	d.says("one")
	d.files.look()
	d.says("three")
	d.files.look()
	if d.reads != 2 {
		t.Errorf("it was read %d times for one change", d.reads)
	}
}

func TestAFileThatCannotBeLoadedLeavesTheLastGoodOneAndIsToldOnce(t *testing.T) {
	d := newDesk(t, "one")
	d.write("main", "bad")
	for range 5 {
		d.files.look()
	}
	d.says("one")
	if d.complaints() != 1 || d.reads != 2 {
		t.Errorf("told %d times, read %d times", d.complaints(), d.reads)
	}
	if err := os.Remove(filepath.Join(d.dir, "main")); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		d.files.look()
	}
	d.says("one")
	if d.complaints() != 2 {
		t.Errorf("that the file is missing was told %d times", d.complaints()-1)
	}
	d.write("main", "two")
	d.files.look()
	d.files.look()
	d.says("two")
	d.write("main", "bad")
	d.files.look()
	d.files.look()
	if d.complaints() != 3 {
		t.Error("the next failure was not told")
	}
}

func TestAChangeOfAFileThatIsReferredToIsSeen(t *testing.T) {
	d := newDesk(t, "one")
	d.write("other", "2")
	d.write("main", "ref other")
	d.files.look()
	d.files.look()
	d.says("ref other2")
	d.write("other", "3")
	d.files.look()
	d.files.look()
	d.says("ref other3")
}

func TestAFileThatWasMissingIsLookedForAgain(t *testing.T) {
	d := newDesk(t, "one")
	d.write("main", "ref other")
	d.files.look()
	d.files.look()
	d.says("one")
	d.write("other", "2") // nobody watches it
	for range retryEvery {
		d.files.look()
	}
	d.says("ref other2")
	if d.complaints() != 1 {
		t.Errorf("told %d times", d.complaints())
	}
}

func TestALinkThatLeadsElsewhereIsAChange(t *testing.T) {
	d := newDesk(t, "one")
	for name, content := range map[string]string{"v1": "one", "v2": "two"} {
		d.write(name, content)
	}
	link := func(to string) {
		if err := os.Symlink(to, filepath.Join(d.dir, "link")); err != nil {
			t.Fatalf("making a symbolic link, which on Windows takes its developer mode: %v", err)
		}
		if err := os.Rename(filepath.Join(d.dir, "link"), filepath.Join(d.dir, "main")); err != nil {
			t.Fatal(err)
		}
	}
	link("v1")
	d.files.look()
	d.files.look()
	d.says("one")
	link("v2")
	d.files.look()
	d.files.look()
	d.says("two")
}

func TestAChangeDuringALoadIsNotMissed(t *testing.T) {
	d := newDesk(t, "one")
	load := d.files.load
	d.files.load = func() (contract, error) {
		c, err := load()
		d.files.load = load
		d.write("main", "three") // somebody is quick
		return c, err
	}
	d.write("main", "two")
	d.files.look()
	d.files.look()
	d.says("two")
	d.files.look()
	d.files.look()
	d.says("three")
}

func TestWatchingEndsWithItsConfiguration(t *testing.T) {
	d := newDesk(t, "one")
	go d.files.run()
	d.files.close()
	d.files.close()
	select {
	case <-d.files.done:
	case <-time.After(time.Second):
		t.Error("it goes on")
	}
}
