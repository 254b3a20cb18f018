package crash

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/caddyrec/caddyrec/e2e/calls"
	"github.com/caddyrec/caddyrec/e2e/wait"
)

// platter is what a disk knows of a store while a gateway works on it: what has
// been made durable, and what a power cut may take back. It sees the gateway's
// calls as they come. When the power is cut it makes the store's folder what a
// disk might hold then:
//
//   - a name that was made, moved or removed, and whose folder was not synced
//     since, is there or not, each name for itself;
//   - a file that was written and not synced is whole, empty, cut off or zeros;
//   - of a direct write under way each sector is there, or not, or garbage.
//
// A call is taken to have ended when its thread makes another one, or is seen
// elsewhere once the process is frozen.
type platter struct {
	store, graves string // graves keeps what loses its name
	mu            sync.Mutex
	entries       map[string]*entry
	data          map[uint64]*data // by inode
	under         map[int]under    // by thread
	clock         int
	err           error
}

// under is a call under way, and when it began.
type under struct {
	calls.Call
	of    *data // of its file; nil if that has no name
	begun int
}

// entry is a name with changes that are not durable.
type entry struct {
	was     *grave // nil: nothing
	changes []change
}

type change struct {
	at int
	to *grave // nil: removed
}

// grave is a file or folder, and a second name of it once it lost one.
type grave struct {
	folder bool
	name   string
}

// data is what is known of a file's bytes.
type data struct {
	dirty   int   // when it was last written without a sync since; 0: never
	durable int64 // bytes of records before the newest direct write
	writes  int   // direct writes begun
	event   int   // the eventfd that counts their ends; 0: none is under way
}

func newPlatter(w *world) (*platter, error) {
	graves, err := os.MkdirTemp(w.Folder, "graves")
	return &platter{store: w.Store(), graves: graves, entries: map[string]*entry{}, data: map[uint64]*data{}, under: map[int]under{}}, err
}

func (p *platter) fail(err error) {
	if p.err == nil && err != nil {
		p.err = err
	}
}

// see takes note of a call that is about to begin.
func (p *platter) see(c calls.Call) {
	p.clock++
	p.next(c.Thread)
	d := p.of(c.Path)
	p.under[c.Thread] = under{c, d, p.clock}
	switch c.Name {
	case "openat", "mkdirat":
		if d == nil {
			p.change(c.Path, nil, &grave{folder: c.Name == "mkdirat"})
		}
	case "linkat":
		if p.of(c.To) == nil { // else it fails
			p.change(c.To, nil, p.bury(c.Path))
		}
	case "renameat":
		was, moved := p.bury(c.To), p.bury(c.Path)
		p.change(c.To, was, moved)
		p.change(c.Path, moved, nil)
	case "unlinkat":
		if d != nil {
			p.change(c.Path, p.bury(c.Path), nil)
		}
	case "write", "pwrite64", "ftruncate":
		if d != nil {
			d.dirty = p.clock
		}
	case "io_submit":
		if d != nil {
			d.durable, d.event = p.records(c.Path, c.Offset), c.Event
			d.writes++
		}
	}
}

// next says that a thread's call, if there was one, has ended.
func (p *platter) next(thread int) {
	c, ok := p.under[thread]
	delete(p.under, thread)
	if !ok || c.of == nil || c.Name != "fsync" && c.Name != "fdatasync" {
		return
	}
	if c.of.dirty < c.begun {
		c.of.dirty = 0
	}
	for name, e := range p.entries { // if it is a folder
		if filepath.Dir(name) != c.Path {
			continue
		}
		for len(e.changes) > 0 && e.changes[0].at < c.begun {
			e.was, e.changes = e.changes[0].to, e.changes[1:]
		}
		if len(e.changes) == 0 {
			delete(p.entries, name)
		}
	}
}

// of is what is known of the file or folder of that name.
func (p *platter) of(path string) *data {
	info, err := os.Lstat(path)
	if err != nil {
		return nil
	}
	ino := info.Sys().(*syscall.Stat_t).Ino
	if p.data[ino] == nil {
		p.data[ino] = new(data)
	}
	return p.data[ino]
}

// current is what has the name now, as far as it has changed.
func (p *platter) current(path string) *grave {
	if e := p.entries[path]; e != nil && len(e.changes) > 0 {
		return e.changes[len(e.changes)-1].to
	}
	return nil
}

// bury gives a file that may lose its name another one. It is nil if there is
// no such file.
func (p *platter) bury(path string) *grave {
	info, err := os.Lstat(path)
	if err != nil {
		return nil
	}
	g := p.current(path)
	if g == nil {
		g = &grave{folder: info.IsDir()}
	}
	if g.name == "" && !g.folder {
		g.name = filepath.Join(p.graves, strconv.Itoa(p.clock)+filepath.Base(path))
		p.fail(os.Link(path, g.name))
	}
	return g
}

func (p *platter) change(path string, was, to *grave) {
	e := p.entries[path]
	if e == nil {
		e = &entry{was: was}
		p.entries[path] = e
	}
	e.changes = append(e.changes, change{p.clock, to})
}

// records is where a segment's records end, in the page at an offset.
func (p *platter) records(path string, page int64) int64 {
	f, err := os.Open(path)
	if err != nil {
		p.fail(err)
		return page
	}
	defer f.Close()
	text := make([]byte, 4096)
	n, _ := f.ReadAt(text, page)
	return page + int64(len(bytes.TrimRight(text[:n], "\x00")))
}

// freeze stops the process and finds out which calls have ended.
func (p *platter) freeze(pid int) {
	// Sent to each thread: the one that a signal to the process is left to may
	// be the one that waits for an answer of ours.
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	p.fail(err)
	for _, t := range tasks {
		if thread, err := strconv.Atoi(t.Name()); err == nil {
			unix.Tgkill(pid, thread, unix.SIGSTOP)
		}
	}
	deadline := time.After(wait.Patience)
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for !frozen(pid) {
		select {
		case <-tick.C:
		case <-deadline:
			p.fail(fmt.Errorf("process %d does not stop", pid))
			return
		}
	}
	for thread, c := range p.under {
		number, _, _ := strings.Cut(proc(pid, "task/%d/syscall", thread), " ")
		if in, err := strconv.Atoi(number); err != nil || calls.Name(in) != c.Name {
			p.next(thread)
		}
	}
	for _, d := range p.data {
		if d.event == 0 {
			continue
		}
		_, rest, _ := strings.Cut(proc(pid, "fdinfo/%d", d.event), "eventfd-count:")
		line, _, _ := strings.Cut(rest, "\n")
		n, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err == nil && int(n) >= d.writes {
			d.event = 0 // no write is under way
		}
	}
}

func proc(pid int, name string, args ...any) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, fmt.Sprintf(name, args...)))
	return string(text)
}

// frozen says whether all of a process's threads are stopped, or in a call that
// nothing interrupts.
func frozen(pid int) bool {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return true
	}
	for _, t := range tasks {
		stat := proc(pid, "task/%s/stat", t.Name())
		if at := strings.LastIndexByte(stat, ')'); at > 0 && !strings.ContainsRune("TtDZX", rune(stat[at+2])) {
			return false
		}
	}
	return true
}

// cut makes the store what the disk might hold, and tells how many names and
// files it changed for that.
func (p *platter) cut() (changed, spoiled int, err error) {
	spoiled = p.spoil()
	names := make([]string, 0, len(p.entries))
	for name := range p.entries {
		names = append(names, name)
	}
	slices.Sort(names) // a folder before what is in it
	for _, name := range names {
		e := p.entries[name]
		if _, err := os.Lstat(filepath.Dir(name)); err != nil {
			continue // its folder is gone
		}
		// A call under way may not have been made.
		_, err := os.Lstat(name)
		if n := len(e.changes); (e.changes[n-1].to != nil) != (err == nil) {
			e.changes = e.changes[:n-1]
		}
		keep := rand.IntN(len(e.changes) + 1)
		if keep == len(e.changes) {
			continue // as it is
		}
		is := e.was
		if keep > 0 {
			is = e.changes[keep-1].to
		}
		changed++
		p.fail(os.RemoveAll(name))
		switch {
		case is == nil:
		case is.folder:
			p.fail(os.Mkdir(name, 0o750))
		default:
			p.fail(os.Link(is.name, name))
		}
	}
	p.fail(os.RemoveAll(p.graves))
	return changed, spoiled, p.err
}

// spoil takes back what was not synced of the files' bytes, and tells of how
// many files.
func (p *platter) spoil() (n int) {
	for _, root := range []string{p.store, p.graves} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			d := p.of(path)
			switch {
			case d.event != 0:
				n++
				p.fail(spoilSectors(path, d))
			case d.dirty != 0:
				n++
				p.fail(spoilFile(path, d))
			}
			d.event, d.dirty = 0, 0 // not again under another name
			return nil
		})
		if !os.IsNotExist(err) {
			p.fail(err)
		}
	}
	return n
}

func spoilFile(path string, d *data) error {
	info, err := os.Stat(path)
	if err != nil || rand.IntN(2) == 0 {
		return err
	}
	size := info.Size()
	if d.writes > 0 || strings.HasSuffix(path, ".ndjson") {
		return nil // only the zeros behind its records were not synced
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	defer os.Chmod(path, info.Mode())
	kept := rand.Int64N(size + 1)
	if err := os.Truncate(path, kept); err != nil {
		return err
	}
	if rand.IntN(2) == 0 {
		return os.Truncate(path, size) // zeros
	}
	return nil
}

const sector = 512

// spoilSectors takes back sectors of a direct write, never one with durable
// records in it alone.
func spoilSectors(path string, d *data) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	end := int64(len(bytes.TrimRight(text, "\x00")))
	for at := d.durable / sector * sector; at < end; at += sector {
		block := make([]byte, sector)
		switch rand.IntN(4) {
		case 0: // not written: what was durable of it is there
			if at < d.durable {
				copy(block, text[at:d.durable])
			}
		case 1:
			if at < d.durable {
				continue
			}
			for i := range block {
				block[i] = byte(rand.Uint32())
			}
		default:
			continue
		}
		if _, err := f.WriteAt(block, at); err != nil {
			return err
		}
	}
	return nil
}
