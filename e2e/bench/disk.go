//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	syncPairs = 300
	syncBytes = 4 << 10
)

// twoSyncs is the median time that two writes, each made durable, take on the
// disk of a folder, into space that has been written before: what an unsafe
// request cannot do without.
func twoSyncs(dir string) (time.Duration, error) {
	f, err := os.Create(filepath.Join(dir, "syncs"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(make([]byte, 2*syncPairs*syncBytes)); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	block := slices.Repeat([]byte("caddyrec"), syncBytes/8)
	took := make([]time.Duration, syncPairs)
	for n := range took {
		began := time.Now()
		for half := range 2 {
			if _, err := f.WriteAt(block, int64(2*n+half)*syncBytes); err != nil {
				return 0, err
			}
			if err := unix.Fdatasync(int(f.Fd())); err != nil {
				return 0, err
			}
		}
		took[n] = time.Since(began)
	}
	slices.Sort(took)
	return took[syncPairs/2], nil
}

// syncer makes pages durable as the ledger does: past the page cache, and into
// space that has been written before.
type syncer struct {
	file *os.File
	page []byte
	next int64
}

func newSyncer(dir string, times int) (*syncer, error) {
	name := filepath.Join(dir, "sync")
	if err := os.WriteFile(name, make([]byte, times*syncBytes), 0o600); err != nil {
		return nil, err
	}
	page, err := unix.Mmap(-1, 0, syncBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE) // aligned
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|unix.O_DIRECT|unix.O_DSYNC, 0)
	if err != nil {
		unix.Munmap(page)
		return nil, err
	}
	return &syncer{file: f, page: page}, nil
}

func (s *syncer) close() {
	unix.Munmap(s.page)
	s.file.Close()
}

// sync tells how long the next page takes.
func (s *syncer) sync() (time.Duration, error) {
	began := time.Now()
	_, err := s.file.WriteAt(s.page, s.next)
	s.next += syncBytes
	return time.Since(began), err
}
