//go:build unix

package local

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/caddyrec/caddyrec/storage"
)

func TestABatchOfAnySizeOpensFewFiles(t *testing.T) {
	s := open(t, t.TempDir())
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	probe, err := os.Open(s.Root()) // the next number that is free
	if err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = min(limit.Cur, uint64(probe.Fd())+200)
	probe.Close()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	var all []storage.Object
	for i := range 400 {
		all = append(all, storage.Object{Name: fmt.Sprintf("tile/%d/%03d", i%2, i), Data: []byte{byte(i)}})
	}
	for range 2 { // the second finds them there
		if err := s.CreateAll(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != len(all) {
		t.Errorf("%d objects are there, want %d", n, len(all))
	}
	if left, err := os.ReadDir(s.Root() + "/" + scratch); err != nil || len(left) != 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}
