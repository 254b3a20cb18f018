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
