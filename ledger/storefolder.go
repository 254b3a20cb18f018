package ledger

import (
	"context"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/caddyrec/caddyrec/storage"
)

// StoreFolder is a log's folder as it lies in a store, for [Walk], [Verify],
// [Prove] and whatever else takes a log's folder. What is committed batch by
// batch, see [Options].Batches, looks in it as it would on a disk: as one open
// segment, from where the sealed ones end, and one newest checkpoint.
//
// Where the log is written on a disk and only what is sealed goes to the store,
// that disk's folder tells the rest.
type StoreFolder struct {
	ctx    context.Context
	store  storage.Store
	prefix string
	disk   fs.FS // nil: there is none

	mu    sync.Mutex
	lists map[string][]string // by top folder, as it was looked at last
	ends  map[string]uint64   // of sealed segments that were read for that
	from  uint64              // batches all of whose records are below it are left out
}

// NewStoreFolder is the folder of a log in a store. Disk is the log's folder on
// the machine that writes it, or nil. Reading ends with ctx.
func NewStoreFolder(ctx context.Context, store storage.Store, log string, disk fs.FS) *StoreFolder {
	return &StoreFolder{ctx: ctx, store: store, prefix: "ledger/" + log + "/", disk: disk, lists: map[string][]string{}, ends: map[string]uint64{}}
}

// onDisk says whether a name is one that the disk has, where there is one.
func (f *StoreFolder) onDisk(name string) bool {
	top, _, _ := strings.Cut(name, "/")
	return f.disk != nil && (top == openFolderName || top == latestCheckpoint || top == conflictFolder)
}

// Open implements [fs.FS].
func (f *StoreFolder) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if f.onDisk(name) {
		return f.disk.Open(name)
	}
	var r io.ReadCloser
	var err error
	switch top, below, inside := strings.Cut(name, "/"); {
	case name == latestCheckpoint:
		r, err = f.openLatest()
	case name == publicKeyFile:
		r, err = f.store.Open(f.ctx, f.prefix+name)
	case !inside:
		err = f.refresh(top)
	case top == openFolderName:
		r, err = f.openBatches(below)
	default:
		if f.has(top, name) {
			break
		}
		r, err = f.store.Open(f.ctx, f.prefix+name)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	if r != nil {
		return &storeFile{r, entryOf(name, false)}, nil
	}
	entries := f.entries(name)
	if len(entries) == 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &storeDir{entryOf(name, true), entries}, nil
}

// Lstat implements [fs.ReadLinkFS]. It looks at names only: whether an object is
// there is told when it is opened.
func (f *StoreFolder) Lstat(name string) (fs.FileInfo, error) {
	if f.onDisk(name) {
		return fs.Lstat(f.disk, name)
	}
	top, _, inside := strings.Cut(name, "/")
	isFolder := !inside && name != latestCheckpoint && name != publicKeyFile || inside && f.has(top, name)
	return entryOf(name, isFolder), nil
}

// ReadLink implements [fs.ReadLinkFS]: nothing in a store is a link.
func (f *StoreFolder) ReadLink(name string) (string, error) {
	return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
}

// refresh looks at what is in a top folder.
func (f *StoreFolder) refresh(top string) error {
	names, err := f.list(top)
	if err != nil {
		return err
	}
	if top == sealedFolder {
		names = own(names, isSealedName)
	}
	if top == openFolderName {
		batches, err := f.unsealed(names)
		if err != nil {
			return err
		}
		if len(batches) > 1 { // they are one segment
			batches = batches[:1]
		}
		names = nil
		for _, b := range batches {
			names = append(names, b.name)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists[top] = names
	return nil
}

func (f *StoreFolder) list(folder string) ([]string, error) {
	return storeSource{f.ctx, f.store, f.prefix}.list(folder)
}

// has says whether a name was seen to be a folder.
func (f *StoreFolder) has(top, name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, _ := slices.BinarySearch(f.lists[top], name+"/")
	return at < len(f.lists[top]) && strings.HasPrefix(f.lists[top][at], name+"/")
}

// entries are the names in a folder. What is in its folders is passed over: a log
// has one for each hour.
func (f *StoreFolder) entries(folder string) (all []fs.DirEntry) {
	top, _, _ := strings.Cut(folder, "/")
	f.mu.Lock()
	defer f.mu.Unlock()
	names, below := f.lists[top], folder+"/"
	at, _ := slices.BinarySearch(names, below)
	for at < len(names) {
		rest, ok := strings.CutPrefix(names[at], below)
		if !ok {
			break
		}
		one, _, isDir := strings.Cut(rest, "/")
		all = append(all, entryOf(one, isDir))
		if at++; isDir {
			n, _ := slices.BinarySearch(names[at:], below+one+string('/'+1))
			at += n
		}
	}
	return all
}

// Follow is what the function [Follow] is, for this folder.
func (f *StoreFolder) Follow(ctx context.Context, from uint64, fn func(Line) error) error {
	w := newFollower(ctx, fsSource{f}, from, fn)
	return w.follow(ctx, 5*pollEvery, func() error { // each look is a few requests
		f.mu.Lock()
		f.from = w.next
		f.mu.Unlock()
		return w.round()
	})
}
