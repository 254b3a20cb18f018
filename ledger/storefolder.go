package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

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

// latestFolder has the newest checkpoints of a log that is committed batch by
// batch, <size>.<n>: an object cannot be replaced.
const latestFolder = "latest"

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

// unsealed picks, out of the names in the open folder, the batches that no
// sealed segment holds yet.
func (f *StoreFolder) unsealed(names []string) ([]segment, error) {
	batches := segmentsAmong(names, openFolderName)
	if len(batches) == 0 {
		return nil, nil
	}
	sealed, err := segments(storeSource{f.ctx, f.store, f.prefix}, sealedFolder)
	if err != nil {
		return nil, err
	}
	if n := len(sealed); n > 0 && batches[len(batches)-1].first >= sealed[n-1].first {
		end, err := f.endOf(sealed[n-1])
		if err != nil {
			return nil, err
		}
		batches = slices.DeleteFunc(batches, func(b segment) bool { return b.first < end })
	} else if n > 0 {
		return nil, nil
	}
	f.mu.Lock()
	from := f.from
	f.mu.Unlock()
	for len(batches) > 1 && batches[1].first <= from {
		batches = batches[1:]
	}
	return batches, nil
}

// errNoEnd says that a sealed segment is damaged, so that nobody can tell which
// batches are in it.
var errNoEnd = errors.New("where the newest sealed segment ends is not known")

// endOf is where a sealed segment ends.
func (f *StoreFolder) endOf(s segment) (uint64, error) {
	f.mu.Lock()
	end, known := f.ends[s.name]
	f.mu.Unlock()
	if known {
		return end, nil
	}
	src := &watchedSource{source: storeSource{f.ctx, f.store, f.prefix}}
	end, err := countFrom(src, s)
	if err != nil && src.err == nil {
		return 0, fmt.Errorf("%w: %s is damaged: %w", errNoEnd, s.name, err)
	}
	if err != nil {
		return 0, fmt.Errorf("reading segment %s: %w", s.name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ends[s.name] = end
	return end, nil
}

// countFrom reads a sealed segment to its end.
func countFrom(src source, s segment) (end uint64, err error) {
	r, err := openSegmentFile(src, s)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	end = s.first
	for lines := newLineReader(&bounded{r, mostUnpacked}); ; end++ {
		if _, _, err := lines.next(); err == io.EOF {
			return end, nil
		} else if err != nil {
			return 0, err
		}
	}
}

// watchedSource tells faults of the store from those of what it holds.
type watchedSource struct {
	source
	err error // of the store
}

func (w *watchedSource) open(name string) (io.ReadCloser, error) {
	r, err := w.source.open(name)
	if err != nil {
		w.err = err
		return nil, err
	}
	return &watchedReader{r, w}, nil
}

type watchedReader struct {
	io.ReadCloser
	source *watchedSource
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		w.source.err = err
	}
	return n, err
}

// openBatches reads all batches from the one of that name on.
func (f *StoreFolder) openBatches(file string) (io.ReadCloser, error) {
	r, _, err := f.openFrom(file, 0)
	return r, err
}

// openFrom reads the batches from the one of that name on, but for those before
// the one that record seq is in, or will be; first is the first record in it.
func (f *StoreFolder) openFrom(file string, seq uint64) (r io.ReadCloser, first uint64, err error) {
	names, err := f.list(openFolderName)
	if err != nil {
		return nil, 0, err
	}
	batches := segmentsAmong(names, openFolderName)
	at := slices.IndexFunc(batches, func(s segment) bool { return s.name == openFolderName+"/"+file })
	if at < 0 {
		return nil, 0, fs.ErrNotExist
	}
	for at+1 < len(batches) && batches[at+1].first <= seq {
		at++
	}
	objects := make([]string, 0, len(batches)-at)
	for _, b := range batches[at:] {
		objects = append(objects, f.prefix+b.name)
	}
	return newBatchReader(f.ctx, f.store, objects), batches[at].first, nil
}

// inBatches is the folder of a source whose open segment is in batches; nil when
// it is in a file.
func inBatches(src source) *StoreFolder {
	if whole, ok := src.(wholeSource); ok {
		src = whole.folder
	}
	if files, ok := src.(fsSource); ok {
		if f, ok := files.FS.(*StoreFolder); ok && f.disk == nil {
			return f
		}
	}
	return nil
}

// openLatest opens the newest checkpoint. One that has gone since it was listed
// has a newer one in its place.
func (f *StoreFolder) openLatest() (r io.ReadCloser, err error) {
	for range 3 {
		var names []string
		if names, err = f.list(latestFolder); err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fs.ErrNotExist
		}
		if r, err = f.store.Open(f.ctx, f.prefix+names[len(names)-1]); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return r, err
}

// Follow is what the function [Follow] is, for this folder.
func (f *StoreFolder) Follow(ctx context.Context, from uint64, fn func(Line) error) error {
	w := walker{src: fsSource{f}, next: from, fn: func(line Line) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(line)
	}}
	tick := time.NewTicker(5 * pollEvery) // each look is a few requests
	defer tick.Stop()
	for {
		f.mu.Lock()
		f.from = w.next
		f.mu.Unlock()
		err := w.round()
		var fault *callbackError
		if errors.As(err, &fault) {
			return fault.err
		}
		if err != nil && !(errors.Is(err, fs.ErrNotExist) && w.moved()) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
