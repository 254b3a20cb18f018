package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// disk is all that a log does to its own folder, so that tests can let any of
// it fail. Names are slash-separated, below the folder.
type disk interface {
	// create makes a new, empty file whose name outlives a power cut.
	create(name string) (segmentFile, error)
	// replace puts a small file in the place of another, whole and durable.
	replace(name string, data []byte) error
	// rename moves a file to a name in another folder.
	rename(from, to string) error
	remove(name string) error
	// files reads what is there.
	files() fs.FS
	// sync makes durable what a file holds that an earlier process wrote.
	sync(name string) error
}

// segmentFile is a segment being written.
type segmentFile interface {
	io.ReaderAt
	io.Closer
	// WriteAt writes a batch behind the one before. The bytes must stay as they
	// are until syncData.
	io.WriterAt
	// syncData makes written bytes durable that lie within the extended range.
	syncData() error
	// extend fills [from,to) with zeros and makes the new size durable, so that
	// a later write and sync there changes no metadata.
	extend(from, to int64) error
	truncate(size int64) error
	// forget drops cached pages, so that a read sees what the disk holds.
	forget()
	// misplaced says what is wrong with where the file is, or with its size, of
	// which the first so many bytes are records: somebody has moved, removed or
	// shortened it. What was written can still be read.
	misplaced(records int64) error
}

// folder is the real disk.
type folder struct{ root *os.Root }

func openFolder(dir string) (*folder, error) {
	if err := makeDurableFolder(dir); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	for _, sub := range []string{openFolderName} {
		if err := root.Mkdir(sub, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
			root.Close()
			return nil, err
		}
	}
	if err := syncDir(root, "."); err != nil {
		root.Close()
		return nil, err
	}
	return &folder{root}, nil
}

// makeDurableFolder makes a folder and those above it, and syncs each parent
// of a new one: a file is not durable in a folder that is not.
func makeDurableFolder(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDurableFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	root, err := os.OpenRoot(parent)
	if err != nil {
		return err
	}
	defer root.Close()
	return syncDir(root, ".")
}

func (f *folder) files() fs.FS { return f.root.FS() }

func (f *folder) remove(name string) error { return f.root.Remove(name) }

func (f *folder) replace(name string, data []byte) error {
	return replaceFile(f.root, name, data, 0o644)
}

func (f *folder) rename(from, to string) error {
	dir := filepath.Dir(filepath.FromSlash(to))
	if err := f.root.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// A link refuses to overwrite, a rename does not.
	if err := f.root.Link(from, to); err != nil {
		return err
	}
	if err := syncDir(f.root, dir); err != nil {
		return err
	}
	return f.root.Remove(from)
}

func (f *folder) sync(name string) error {
	file, err := f.root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = file.Sync()
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (f *folder) create(name string) (segmentFile, error) {
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	if err := syncDir(f.root, openFolderName); err != nil {
		file.Close()
		f.root.Remove(name)
		return nil, fmt.Errorf("syncing the folder of %s: %w", name, err)
	}
	return newDiskFile(f.root, name, file), nil
}

// durableWriter writes records, one batch behind the other, and returns when
// they are durable.
type durableWriter interface {
	write(p []byte, off int64) error
	close()
}

// diskFile is a segment on the real disk.
type diskFile struct {
	*os.File
	root   *os.Root
	name   string // below root
	zeros  *zeroWriter
	direct durableWriter // nil where there is none, or once it has failed

	staged []byte // for direct, from WriteAt until syncData
	off    int64
}

func newDiskFile(root *os.Root, name string, file *os.File) *diskFile {
	return &diskFile{File: file, root: root, name: name, zeros: newZeroWriter(root, name), direct: newDirectWriter(root, name)}
}

// WriteAt leaves a batch to the direct writer, where there is one: it is
// written with the sync.
func (d *diskFile) WriteAt(p []byte, off int64) (int, error) {
	if d.direct == nil {
		return d.File.WriteAt(p, off)
	}
	d.staged, d.off = p, off
	return len(p), nil
}

func (d *diskFile) syncData() error {
	if d.direct == nil {
		return syncFileData(d.File)
	}
	p := d.staged
	d.staged = nil
	err := d.direct.write(p, d.off)
	if err == nil || !notSupported(err) {
		return err
	}
	// The file system takes no such writes after all.
	d.direct.close()
	d.direct = nil
	if _, err := d.File.WriteAt(p, d.off); err != nil {
		return err
	}
	return syncFileData(d.File)
}

func (d *diskFile) misplaced(records int64) error {
	own, err := d.File.Stat()
	if err != nil {
		return err
	}
	there, err := d.root.Lstat(d.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("somebody has removed %s: %w", d.name, err)
	case err != nil:
		return err
	case !os.SameFile(own, there):
		return fmt.Errorf("somebody has put another file in the place of %s", d.name)
	case own.Size() < records:
		return fmt.Errorf("somebody has shortened %s to %d bytes, of which %d are records", d.name, own.Size(), records)
	}
	return nil
}

func (d *diskFile) forget() { forgetPages(d.File) }

func (d *diskFile) truncate(size int64) error { return d.File.Truncate(size) }

func (d *diskFile) extend(from, to int64) error {
	if err := d.zeros.write(d.File, from, to); err != nil {
		return err
	}
	return d.File.Sync()
}

func (d *diskFile) Close() error {
	d.zeros.close()
	if d.direct != nil {
		d.direct.close()
	}
	return d.File.Close()
}
