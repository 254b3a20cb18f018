package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/caddyrec/caddyrec/storage"
)

// sealedFolder is where sealed segments are, by date and hour.
const sealedFolder = "sealed"

const (
	openSuffix   = ".ndjson"
	sealedSuffix = ".ndjson.gz"
)

// source is a log's folder for reading, wherever it is. Names are below the
// log's folder.
type source interface {
	open(name string) (io.ReadCloser, error)
	list(folder string) ([]string, error) // all names under a folder; none when it is not there
}

// fsSource is a log in a file system.
type fsSource struct{ fs.FS }

// errIrregular says that something lies where a log has a file, or a folder,
// that is none: a link, a pipe, a device. To open a pipe is to wait for ever.
var errIrregular = errors.New("it is no regular file")

func (s fsSource) open(name string) (io.ReadCloser, error) {
	if err := s.regular(name); err != nil {
		return nil, err
	}
	f, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errIrregular
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// regular says what is wrong with a name that should be a file's, as far as
// that can be told without opening it.
func (s fsSource) regular(name string) error {
	links, ok := s.FS.(fs.ReadLinkFS)
	if !ok {
		return nil
	}
	info, err := links.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = errIrregular
	}
	return err
}

func (s fsSource) list(folder string) (names []string, err error) {
	if links, ok := s.FS.(fs.ReadLinkFS); ok {
		if info, err := links.Lstat(folder); err == nil && !info.IsDir() {
			return nil, fmt.Errorf("%s should be a folder: %w", folder, errIrregular)
		}
	}
	err = fs.WalkDir(s.FS, folder, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// storeSource is the write-once part of a log in its store.
type storeSource struct {
	ctx    context.Context
	store  storage.Store
	prefix string
}

func (s storeSource) open(name string) (io.ReadCloser, error) {
	return s.store.Open(s.ctx, s.prefix+name)
}

func (s storeSource) list(folder string) (names []string, err error) {
	for name, err := range s.store.List(s.ctx, s.prefix+folder+"/") {
		if err != nil {
			return nil, err
		}
		names = append(names, strings.TrimPrefix(name, s.prefix))
	}
	return names, nil
}

// segment is a file of records. Its name tells its first.
type segment struct {
	name   string
	first  uint64
	sealed bool
}

// segments lists the segments in a folder of a source, in order.
func segments(src source, folder string) ([]segment, error) {
	names, err := src.list(folder)
	if err != nil {
		return nil, err
	}
	return segmentsAmong(names, folder), nil
}

// segmentsAmong picks the segments out of the names in a folder.
func segmentsAmong(names []string, folder string) (all []segment) {
	for _, name := range names {
		suffix := openSuffix
		if folder == sealedFolder {
			suffix = sealedSuffix
		}
		digits, ok := strings.CutSuffix(path.Base(name), suffix)
		first, err := strconv.ParseUint(digits, 10, 63)
		if !ok || err != nil || len(digits) < 12 {
			continue
		}
		all = append(all, segment{name, first, folder == sealedFolder})
	}
	slices.SortFunc(all, func(a, b segment) int {
		if a.first != b.first {
			return int(min(1, max(-1, int64(a.first)-int64(b.first))))
		}
		return strings.Compare(a.name, b.name)
	})
	return all
}

// openSegmentFile gives a segment's bytes, unpacked.
func openSegmentFile(src source, s segment) (io.ReadCloser, error) {
	f, err := src.open(s.name)
	if err != nil || !s.sealed {
		return f, err
	}
	z, err := gzip.NewReader(f)
	if err == io.EOF {
		err = errors.New("it is empty")
	}
	if err != nil {
		f.Close()
		return nil, packingError(err)
	}
	return unpacked{z, f}, nil
}

type unpacked struct {
	packed *gzip.Reader
	file   io.Closer
}

func (u unpacked) Read(p []byte) (int, error) {
	n, err := u.packed.Read(p)
	return n, packingError(err)
}

func (u unpacked) Close() error { return u.file.Close() }

// packingError says for people what is wrong with a packed file. Other errors
// are the file's own.
func packingError(err error) error {
	switch err {
	case io.ErrUnexpectedEOF:
		return errors.New("its end is missing")
	case gzip.ErrHeader:
		return errors.New("it is not packed with gzip, or something else follows what is")
	case gzip.ErrChecksum:
		return errors.New("what is in it is not what was packed: the checksum is another")
	}
	return err
}
