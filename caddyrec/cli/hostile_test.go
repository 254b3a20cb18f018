//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/caddyrec/caddyrec/caddyrec"
)

func TestStatusTellsWhatItCanOfADamagedLog(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world) error
		want  string
	}{
		"a pipe for a checkpoint": {func(w *world) error {
			file := filepath.Join(w.dir(), "checkpoint")
			os.Remove(file)
			return syscall.Mkfifo(file, 0o600)
		}, ""},
		"a link for a segment": {func(w *world) error {
			return os.Symlink("/etc/hostname", filepath.Join(w.dir(), "sealed", "000000000099.ndjson.gz"))
		}, "sealed/000000000099.ndjson.gz is no regular file"},
		"a link for the folder": {func(w *world) error {
			if err := os.Rename(filepath.Join(w.dir(), "sealed"), filepath.Join(w.dir(), "elsewhere")); err != nil {
				return err
			}
			return os.Symlink("elsewhere", filepath.Join(w.dir(), "sealed"))
		}, "sealed is no folder"},
		"an empty newest segment": {func(w *world) error {
			return os.WriteFile(filepath.Join(w.dir(), "sealed", "000000000099.ndjson.gz"), nil, 0o600)
		}, "begins with record 99 by its name"},
	} {
		w := newWorld(t)
		w.sample()
		w.close()
		w.seal()
		mustNot(t, c.spoil(w))
		code, out, errs := runCaddy(t, nil, "rec", "status", w.store)
		if wrong := code != codeDone; wrong != (c.want != "") {
			t.Errorf("%s: code %d: %s%s", name, code, out, errs)
		}
		wantIn(t, out, "log        main", " free of ")
		if c.want != "" {
			wantIn(t, errs, c.want, "see what caddy rec verify says")
		}
	}
}

func TestAPipeForTheKeyHoldsUpNobodyWhoWouldOpenOriginals(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	file := filepath.Join(w.dir(), publicKey)
	mustNot(t, os.Remove(file))
	mustNot(t, syscall.Mkfifo(file, 0o600))
	var f originalsFlags
	if err := f.tell(w.source(), caddyrec.OpenedAsk{}); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("its opening is put on record: %v", err)
	}
}

func TestALogThatIsALinkIsToldWithWhereItLeads(t *testing.T) {
	w := newWorld(t)
	w.close()
	to := filepath.Join(w.store, "elsewhere")
	mustNot(t, os.Rename(w.dir(), to))
	mustNot(t, os.Symlink(to, w.dir()))
	code, _, errs := runCaddy(t, nil, "rec", "ls", "--store", w.store)
	if code != 1 {
		t.Errorf("code %d", code)
	}
	wantIn(t, errs, "is a link", "--store "+to)
}
