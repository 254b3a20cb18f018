package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage/local"
)

func (w *world) status() (*status, string) {
	w.t.Helper()
	st, err := w.source().status()
	mustNot(w.t, err)
	s := newScreen()
	page := sheet{con: s.console}
	page.status(st)
	mustNot(w.t, page.print())
	return st, s.stdout.String()
}

func TestStatusTellsHowALogIsDoing(t *testing.T) {
	w := newWorld(t)
	st, text := w.status()
	if st.Records != 0 || st.Checkpoint != nil || st.Open.Segments != 1 {
		t.Errorf("an empty log: %+v", st)
	}
	wantIn(t, text, "nothing yet", "none is sealed yet")
	w.sample()
	w.close()
	w.seal()
	w.open()
	names := w.sealed(1)
	st, text = w.status()
	if st.Log != "main" || st.Records != 9 || !st.Newest.Equal(began.Add(8*time.Minute)) || st.Sealed.Segments != 1 || st.Sealed.ReadOnly != 1 || st.Sealed.Bytes == 0 ||
		st.Checkpoint == nil || st.Checkpoint.Records != 9 || time.Since(st.Checkpoint.Written) > time.Minute || st.Key == nil || st.Key.Public != w.keys.Verifier() ||
		st.Disk == nil || st.Disk.Free == 0 || st.Disk.Free > st.Disk.Total {
		t.Errorf("%+v", st)
	}
	wantIn(t, text, "records    9\n", "2026-11-21 18:08:00.000000 Z (52m ago)", "1 sealed", "all records", "sealed ones are read-only", " free of ", "caddy rec verify "+w.dir())
	if st.Sealed.Known {
		wantIn(t, text, "none is immutable")
	}

	mustNot(t, os.Chmod(names[0], 0o640))
	mustNot(t, os.Remove(filepath.Join(w.dir(), "checkpoint")))
	_, text = w.status()
	wantIn(t, text, "1 of 1 sealed ones can be written", "nothing: a running gateway signs")

	w.close()
	code, out, errs := runCaddy(t, nil, "rec", "status", w.store, "--json")
	var got status
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != codeDone || got.Records != 9 {
		t.Errorf("code %d, %v: %s%s", code, err, out, errs)
	}
}

func TestStatusTellsWhatIsNotSigned(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	file := filepath.Join(w.dir(), "checkpoint")
	text, err := os.ReadFile(file)
	mustNot(t, err)
	for size, want := range map[string]string{"7": "7 records, ", "12": "more than there are"} {
		mustNot(t, os.WriteFile(file, []byte(strings.Replace(string(text), "\n9\n", "\n"+size+"\n", 1)), 0o600))
		_, page := w.status()
		wantIn(t, page, want)
	}
}

func TestSealedFilesAreImmutableWhereThatIsPermitted(t *testing.T) {
	probe, err := local.Open(t.TempDir())
	mustNot(t, err)
	defer probe.Close()
	if err := probe.Protect(); err != nil {
		t.Skipf("not tested are immutable files: they take root with CAP_LINUX_IMMUTABLE and a TMPDIR on ext4, xfs or btrfs: %v", err)
	}
	w := newWorld(t)
	t.Cleanup(w.letGo)
	w.sample()
	w.close()
	w.immutable = true
	w.seal()
	w.open()
	names := w.sealed(1)
	if err := os.Remove(names[0]); err == nil {
		t.Error("a sealed file was removed")
	}
	st, text := w.status()
	if st.Sealed.Immutable != 1 {
		t.Errorf("%+v", st.Sealed)
	}
	wantIn(t, text, "sealed ones are immutable")
	w.close()
	w.open() // a start finds all as it should be
	w.close()
	if code, out, errs := runCaddy(t, nil, "rec", "verify", w.store); code != codeDone {
		t.Errorf("code %d: %s%s", code, out, errs)
	}
}

func TestStatusTellsWhatProtectionFilesReallyHave(t *testing.T) {
	page := func(f files) string {
		s := newScreen()
		p := sheet{con: s.console}
		p.protection(f)
		mustNot(t, p.print())
		return s.stdout.String()
	}
	wantIn(t, page(files{Segments: 3, ReadOnly: 3, Immutable: 3, Known: true}), "sealed ones are immutable")
	wantIn(t, page(files{Segments: 3, ReadOnly: 3, Immutable: 1, Known: true}), "1 of 3 sealed ones are immutable")
	wantIn(t, page(files{Segments: 3, ReadOnly: 3}), "cannot be told")
}
