// Package replaytest has what tests of replay need in several packages.
package replaytest

import (
	"path/filepath"
	"testing"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/storage/local"
)

// NewLog makes a log called main, with its folder. Both are gone after the test.
func NewLog(t testing.TB, change ...func(*ledger.Options)) (log *ledger.Log, dir string) {
	t.Helper()
	root := t.TempDir()
	store, err := local.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	keys, err := ledger.LoadKeys(filepath.Join(root, "keys"), "main")
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(root, "ledger", "main")
	o := ledger.Options{Dir: dir, Log: "main", Store: store, Keys: keys}
	for _, f := range change {
		f(&o)
	}
	if log, err = ledger.Open(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log, dir
}
