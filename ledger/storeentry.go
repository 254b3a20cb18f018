package ledger

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"
)

// storeFile is an object as a file. How large it is is not known.
type storeFile struct {
	io.ReadCloser
	info storeEntry
}

func (f *storeFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// storeDir is what objects' names have in common.
type storeDir struct {
	info storeEntry
	rest []fs.DirEntry
}

func (d *storeDir) Stat() (fs.FileInfo, error) { return d.info, nil }

func (d *storeDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.name, Err: errors.New("it is a folder")}
}

func (d *storeDir) Close() error { return nil }

// ReadDir implements [fs.ReadDirFile].
func (d *storeDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n >= len(d.rest) {
		all := d.rest
		d.rest = nil
		if n > 0 && len(all) == 0 {
			return nil, io.EOF
		}
		return all, nil
	}
	some := d.rest[:n]
	d.rest = d.rest[n:]
	return some, nil
}

// storeEntry is a name in a store: [fs.FileInfo] and [fs.DirEntry].
type storeEntry struct {
	name string
	dir  bool
}

func entryOf(name string, dir bool) storeEntry {
	return storeEntry{name[strings.LastIndexByte(name, '/')+1:], dir}
}

func (e storeEntry) Name() string               { return e.name }
func (e storeEntry) Size() int64                { return 0 }
func (e storeEntry) ModTime() time.Time         { return time.Time{} }
func (e storeEntry) IsDir() bool                { return e.dir }
func (e storeEntry) Sys() any                   { return nil }
func (e storeEntry) Type() fs.FileMode          { return e.Mode().Type() }
func (e storeEntry) Info() (fs.FileInfo, error) { return e, nil }

func (e storeEntry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}
