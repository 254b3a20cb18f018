package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// unsealed picks, out of the names in the open folder, the batches that no
// sealed segment holds yet.
func (f *StoreFolder) unsealed(names []string) ([]segment, error) {
	batches := segmentsAmong(own(names, IsBatch), openFolderName)
	if len(batches) == 0 {
		return nil, nil
	}
	inSealed, err := f.list(sealedFolder)
	if err != nil {
		return nil, err
	}
	sealed := segmentsAmong(own(inSealed, isSealedName), sealedFolder)
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
	batches := segmentsAmong(own(names, IsBatch), openFolderName)
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

// linesFrom reads the lines in batches from one record on.
func (f *StoreFolder) linesFrom(s segment, seq uint64) (io.Closer, *lineReader, error) {
	r, first, err := f.openFrom(strings.TrimPrefix(s.name, openFolderName+"/"), seq)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, errMoved
	}
	if err != nil {
		return nil, nil, err
	}
	lines := newLineReader(r)
	lines.lenient = true
	for ; first < seq; first++ {
		if _, _, err := lines.next(); err == io.EOF {
			break
		} else if err != nil {
			r.Close()
			return nil, nil, err
		}
	}
	return r, lines, nil
}
