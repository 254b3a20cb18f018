//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestAPipeInTheFolderIsAProblemAndHoldsNothingUp(t *testing.T) {
	for name, want := range map[string]string{
		"checkpoints/000000000099":                            "checkpoints/000000000099",
		"sealed/dt=2026-11-22/hour=00/000000000099.ndjson.gz": "000000000099.ndjson.gz",
		"checkpoint": "NOT INTACT",
		"public.key": "in public.key",
	} {
		w := newWorld(t)
		w.sample()
		w.close()
		file := filepath.Join(w.dir(), filepath.FromSlash(name))
		mustNot(t, os.MkdirAll(filepath.Dir(file), 0o700))
		os.Remove(file)
		mustNot(t, syscall.Mkfifo(file, 0o600))
		code, out, errs := runCaddy(t, nil, "rec", "verify", w.store, "--key", w.keys.Verifier())
		if code != codeNo {
			t.Errorf("%s: code %d: %s%s", name, code, out, errs)
		}
		wantIn(t, out, "9 in 1 segment", "it is no regular file", want)
	}
}
