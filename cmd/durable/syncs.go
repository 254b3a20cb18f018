package main

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
)

// syncs writes a page and syncs it, twice for each request, into space that was
// written before.
type syncs struct {
	file *os.File
	next atomic.Int64
}

const (
	page  = 4 << 10
	pages = 4 << 10 // of the file
)

func openSyncs(folder string) (writer, error) {
	file, err := os.OpenFile(filepath.Join(folder, "pages"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err = file.Write(make([]byte, pages*page)); err == nil {
		err = file.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &syncs{file: file}, nil
}

func (s *syncs) close() error { return s.file.Close() }

func (s *syncs) before() error { return s.write() }

func (s *syncs) after() error { return s.write() }

var written = make([]byte, page)

func (s *syncs) write() error {
	if _, err := s.file.WriteAt(written, s.next.Add(1)%pages*page); err != nil {
		return err
	}
	return syncData(s.file)
}
