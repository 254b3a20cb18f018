package ledger

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/fstest"

	"github.com/caddyrec/caddyrec/storage"
)

var errPower = errors.New("the power is off")

// platter is a disk, and a store on it, whose power is cut at a chosen step.
// Whatever was not made durable by then survives or not, piece by piece, in any
// order, as chance has it:
//
//   - of a write under way, each sector of 512 bytes is written, is as it was
//     (zeros, before the first write), or, if no durable byte is in it, holds
//     garbage;
//   - a name being made, replaced, moved or removed is there or not, the old or
//     the new; an object is there whole or not at all;
//   - what was cut off a file, or removed, may come back.
//
// That a sector with durable bytes in it is never torn is the one thing it
// takes for granted.
type platter struct {
	mu     sync.Mutex
	chance *rand.Rand
	left   int // steps until the power is cut; negative: never
	off    bool
	faults int // one sync in that many fails though the power is on; 0: none

	files   map[string]*disc
	objects map[string][]byte
	removed []func() // what the power cut may bring back: names in open/
	longer  []func() // and the ends of files
}

const sector = 512

// disc is what a file holds: data, and zeros up to its size.
type disc struct {
	data []byte
	size int64
}

func newPlatter(seed uint64) *platter {
	return &platter{chance: rand.New(rand.NewPCG(seed, 0)), left: -1, files: map[string]*disc{}, objects: map[string][]byte{}}
}

// step does one thing that is durable when it returns, or, when the power is
// cut at it, half does it.
func (p *platter) step(do, half func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.off {
		return errPower
	}
	if p.left == 0 {
		p.off = true
		half()
		for _, undo := range append(p.removed, p.longer...) {
			if p.coin() {
				undo()
			}
		}
		return errPower
	}
	p.left--
	do()
	return nil
}

func (p *platter) coin() bool { return p.chance.IntN(2) == 0 }

// either does it, or not.
func (p *platter) either(do func()) func() {
	return func() {
		if p.coin() {
			do()
		}
	}
}

// power turns it on again, to be cut after some steps.
func (p *platter) power(steps int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.off, p.removed, p.longer = steps, false, nil, nil
}

func (p *platter) create(name string) (segmentFile, error) {
	d := new(disc)
	make := func() {
		p.files[name] = d
		p.removed = nil // its folder is synced
	}
	if err := p.step(make, p.either(make)); err != nil {
		return nil, err
	}
	return &discFile{platter: p, disc: d}, nil
}

func (p *platter) replace(name string, data []byte) error {
	do := func() { p.files[name] = &disc{slices.Clone(data), int64(len(data))} }
	return p.step(do, p.either(do))
}

func (p *platter) rename(from, to string) error {
	link := func() { p.files[to] = p.files[from] }
	if err := p.step(link, p.either(link)); err != nil {
		return err
	}
	return p.remove(from)
}

// remove is not durable.
func (p *platter) remove(name string) error {
	do := func() {
		if d, ok := p.files[name]; ok {
			delete(p.files, name)
			p.removed = append(p.removed, func() {
				if _, again := p.files[name]; !again {
					p.files[name] = d
				}
			})
		}
	}
	return p.step(do, p.either(do))
}

func (p *platter) sync(string) error { return p.step(func() {}, func() {}) }

func (p *platter) files_() fstest.MapFS {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := fstest.MapFS{}
	for name, d := range p.files {
		// Some of the zeros behind the records are as good as all.
		zeros := min(max(d.size-int64(len(d.data)), 0), 3*sector)
		all[name] = &fstest.MapFile{Data: append(slices.Clone(d.data), make([]byte, zeros)...)}
	}
	return all
}

// folder is the log's folder with the store's part in it.
func (p *platter) folder(prefix string) fstest.MapFS {
	all := p.files_()
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, data := range p.objects {
		all[strings.TrimPrefix(name, prefix)] = &fstest.MapFile{Data: data}
	}
	return all
}

// discFile is a segment being written, as past the page cache: what a WriteAt
// is given goes to the disk with the sync.
type discFile struct {
	*platter
	*disc
	staged []byte
	at     int64
}

func (f *discFile) ReadAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.NewReader(f.data).ReadAt(b, off)
}

func (f *discFile) Close() error { return nil }

func (f *discFile) forget() {}

func (f *discFile) misplaced(int64) error { return nil }

func (f *discFile) WriteAt(b []byte, off int64) (int, error) {
	f.staged, f.at = b, off
	return len(b), nil
}

var errSync = errors.New("the disk has failed once")

func (f *discFile) syncData() error {
	failed := false
	do := func() {
		if f.faults > 0 && f.chance.IntN(f.faults) == 0 {
			failed = true
			f.torn()
			return
		}
		f.put(f.staged, f.at)
	}
	err := f.step(do, f.torn)
	if err == nil && failed {
		err = errSync
	}
	return err
}

func (f *discFile) put(b []byte, off int64) {
	if end := int(off) + len(b); end > len(f.data) {
		f.data = append(f.data, make([]byte, end-len(f.data))...)
	}
	copy(f.data[off:], b)
}

// torn writes some of the staged sectors.
func (f *discFile) torn() {
	durable := f.at
	for at := f.at; at < f.at+int64(len(f.staged)); {
		end := min(roundUp(at+1, sector), f.at+int64(len(f.staged)))
		b := f.staged[at-f.at : end-f.at]
		switch n := f.chance.IntN(8); {
		case n < 4:
			f.put(b, at)
		case n == 4 && at/sector*sector >= durable:
			garbage := make([]byte, len(b))
			for i := range garbage {
				garbage[i] = byte(f.chance.Uint32())
			}
			f.put(garbage, at)
		}
		at = end
	}
}

func (f *discFile) extend(from, to int64) error {
	do := func() { f.size = to }
	return f.step(do, f.platter.either(do))
}

// truncate is not durable.
func (f *discFile) truncate(size int64) error {
	do := func() {
		data, was := f.data, f.size
		f.longer = append(f.longer, func() { f.data, f.size = data, was })
		f.data, f.size = slices.Clone(f.data[:min(size, int64(len(f.data)))]), size
	}
	return f.step(do, f.platter.either(do))
}

// discStore is the store on the same disk.
type discStore struct{ *platter }

func (s discStore) Create(_ context.Context, name string, r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	existed := false
	do := func() {
		if _, existed = s.objects[name]; !existed {
			s.objects[name] = data
		}
	}
	err = s.step(do, s.either(do))
	if err == nil && existed {
		err = storage.ErrExist
	}
	return err
}

func (s discStore) Open(_ context.Context, name string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.objects[name]
	if !ok {
		return nil, storage.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (s discStore) List(_ context.Context, prefix string) iter.Seq2[string, error] {
	s.mu.Lock()
	names := slices.Sorted(maps.Keys(s.objects))
	s.mu.Unlock()
	return func(yield func(string, error) bool) {
		for _, name := range names {
			if strings.HasPrefix(name, prefix) && !yield(name, nil) {
				return
			}
		}
	}
}

// platterDisk is the platter as a log's own disk.
type platterDisk struct{ *platter }

func (d platterDisk) files() fs.FS { return d.files_() }
