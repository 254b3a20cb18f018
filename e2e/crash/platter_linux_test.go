package crash

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/caddyrec/caddyrec/e2e/calls"
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
