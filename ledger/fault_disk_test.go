package ledger

import (
	"io/fs"
	"sync"
)

// faulty is a disk on which a test makes things go wrong. A nil hook lets the
// real disk do it; a hook is given what the real disk would do.
type faulty struct {
	disk
	mu      sync.Mutex
	write   func(do func([]byte) (int, error), b []byte) (int, error)
	sync_   func(do func() error) error
	extend  func(do func() error) error
	create_ func(do func() error) error
	replac  func(do func() error) error
	trunc   func(do func() error) error
}

func (p *place) faulty() *faulty {
	p.t.Helper()
	f, err := openFolder(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { f.root.Close() })
	return &faulty{disk: f}
}

// set changes hooks while the log runs.
func (f *faulty) set(change func(*faulty)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func get[T any](f *faulty, hook *T) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	return *hook
}

func through(hook func(func() error) error, do func() error) error {
	if hook == nil {
		return do()
	}
	return hook(do)
}

func (f *faulty) files() fs.FS { return f.disk.files() }

func (f *faulty) create(name string) (file segmentFile, err error) {
	err = through(get(f, &f.create_), func() error {
		file, err = f.disk.create(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &faultyFile{file, f}, nil
}

func (f *faulty) replace(name string, data []byte) error {
	return through(get(f, &f.replac), func() error { return f.disk.replace(name, data) })
}

type faultyFile struct {
	segmentFile
	disk *faulty
}

func (f *faultyFile) WriteAt(b []byte, off int64) (int, error) {
	do := func(b []byte) (int, error) { return f.segmentFile.WriteAt(b, off) }
	if hook := get(f.disk, &f.disk.write); hook != nil {
		return hook(do, b)
	}
	return do(b)
}

func (f *faultyFile) syncData() error {
	return through(get(f.disk, &f.disk.sync_), f.segmentFile.syncData)
}

func (f *faultyFile) extend(from, to int64) error {
	return through(get(f.disk, &f.disk.extend), func() error { return f.segmentFile.extend(from, to) })
}

func (f *faultyFile) truncate(size int64) error {
	return through(get(f.disk, &f.disk.trunc), func() error { return f.segmentFile.truncate(size) })
}
