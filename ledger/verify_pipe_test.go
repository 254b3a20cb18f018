//go:build unix

package ledger

import (
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

func TestAPipeInTheFolderHoldsNothingUp(t *testing.T) {
	for name, want := range map[string]string{
		"checkpoints/00000000000000000099":                    "checkpoint",
		"sealed/dt=2026-11-21/hour=18/000000000099.ndjson.gz": "segment",
		"open/000000000099.ndjson":                            "segment",
		"keys/00000000000000000009":                           "key",
		"sealed":                                              "",
		"checkpoint":                                          "",
		"tile/0/000.p/8":                                      "tile",
		"public.key":                                          "key",
	} {
		p := evidenceLog(t)
		file := p.path(filepath.FromSlash(name))
		mkdir(t, filepath.Dir(file))
		p.drop(name)
		if err := syscall.Mkfifo(file, 0o600); err != nil {
			t.Fatal(err)
		}
		got := found(p.verify())
		if want == "" && len(got) > 0 {
			continue
		}
		if !slices.Equal(got, []string{want + " " + name}) {
			t.Errorf("found %q", got)
		}
	}
}
