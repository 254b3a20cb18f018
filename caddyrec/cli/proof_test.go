package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestARecordIsHandedOverWithItsProof(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	file := filepath.Join(t.TempDir(), "a.proof")
	s := newScreen()
	mustNot(t, s.proof(t.Context(), w.source(), recordName{id: "019aa7a0-0000-7000-8000-000000000103"}, file))
	wantIn(t, s.stderr.String(), "record 3 of log main", "caddy rec verify "+file)
	text, err := os.ReadFile(file)
	mustNot(t, err)

	s = newScreen()
	mustNot(t, s.proof(t.Context(), w.source(), recordName{seq: 3}, "-"))
	wantText(t, s.stdout.String(), string(text))

	if err := newScreen().terminal(80).proof(t.Context(), w.source(), recordName{seq: 3}, "-"); err == nil {
		t.Error("a proof goes to a terminal as it is")
	}

	key, err := readKey(filepath.Join(w.store, "keys", "main.public"))
	mustNot(t, err)
	s = newScreen()
	mustNot(t, s.verifyProof(file, key, nil, false))
	wantIn(t, s.stdout.String(), "Proven: this is record 3 of log main, unchanged.", "for 9 records", "token-expired", "mallory (nobody")
	if bad := unsafe(s.stdout.String()); bad != "" {
		t.Errorf("%q reaches the terminal", bad)
	}

	if err := s.proof(t.Context(), w.source(), recordName{seq: 3}, file); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a file was overwritten: %v", err)
	}

	mustNot(t, os.WriteFile(file, []byte(strings.Replace(string(text), "mallory", "malloru", 1)), 0o600))
	s = newScreen()
	if err := s.verifyProof(file, key, nil, false); codeOf(err) != codeNo {
		t.Errorf("a changed record: %v", err)
	}
	wantIn(t, s.stdout.String(), "NOT PROVEN: 1 problem", "the record, its index or the hashes are changed")
	s = newScreen()
	if err := s.verifyProof(file, key, nil, true); codeOf(err) != codeNo {
		t.Errorf("as JSON: %v", err)
	}
	wantIn(t, s.stdout.String(), `"kind":"proof"`, `"seq":3`)
	if err := s.verifyProof(file, "", nil, false); codeOf(err) != codeFailed || !strings.Contains(err.Error(), "--key") {
		t.Errorf("without a key: %v", err)
	}
}

func TestAProofIsOfOneRecord(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	s := newScreen()
	err := s.proof(t.Context(), w.source(), recordName{id: exchangeA}, "-")
	if codeOf(err) != codeFailed {
		t.Fatalf("an exchange's id: %v", err)
	}
	wantIn(t, err.Error(), "names 2 records", "1  intent  019aa7a0-0000-7000-8000-000000000101", "2  exchange  019aa7a0-0000-7000-8000-000000000102")
	for _, name := range []recordName{{seq: 9}, {id: "019aa7a0-0000-7000-8000-0000000000ff"}} {
		if err := s.proof(t.Context(), w.source(), name, "-"); codeOf(err) != codeNo || !strings.Contains(err.Error(), "has no record") {
			t.Errorf("%v: %v", name, err)
		}
	}
	if s.stdout.Len() > 0 {
		t.Errorf("something was written: %s", s.stdout)
	}
}

func TestARecordThatIsNotSignedYetSaysWhenItWillBe(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	mustNot(t, os.Remove(filepath.Join(w.dir(), "checkpoint")))
	s := newScreen()
	err := s.proof(t.Context(), w.source(), recordName{seq: 3}, "-")
	if codeOf(err) != codeNo || !strings.Contains(err.Error(), "within a second") {
		t.Errorf("got %v", err)
	}
}

func TestTheProofCommandsAreThere(t *testing.T) {
	w := newWorld(t)
	w.commit(record.GatewayStarted, func(r *record.Record) { r.Gateway = &record.Gateway{Version: "v"} })
	w.close()
	file := filepath.Join(t.TempDir(), "x.proof")
	if code, out, errs := runCaddy(t, nil, "rec", "proof", "0", "--store", w.store, "-o", file); code != codeDone {
		t.Fatalf("code %d: %s%s", code, out, errs)
	}
	if code, out, errs := runCaddy(t, nil, "rec", "verify", file, "--key", w.keys.Verifier()); code != codeDone || !strings.Contains(out, "Proven") {
		t.Errorf("code %d: %s%s", code, out, errs)
	}
	if code, out, errs := runCaddy(t, nil, "rec", "verify", file, "--key", w.keys.Verifier(), "--against", filepath.Join(w.dir(), "checkpoint")); code != codeDone || !strings.Contains(out, "1 checkpoint kept elsewhere, of the same records") {
		t.Errorf("against its checkpoint: code %d: %s%s", code, out, errs)
	}
	earlier := filepath.Join(t.TempDir(), "earlier")
	note, err := os.ReadFile(filepath.Join(w.dir(), "checkpoint"))
	mustNot(t, err)
	w.open()
	w.sample()
	w.close()
	mustNot(t, os.WriteFile(earlier, note, 0o600))
	mustNot(t, os.Remove(file))
	if code, out, errs := runCaddy(t, nil, "rec", "proof", "4", "--store", w.store, "-o", file); code != codeDone {
		t.Fatalf("code %d: %s%s", code, out, errs)
	}
	if code, out, errs := runCaddy(t, nil, "rec", "verify", file, "--key", w.keys.Verifier(), "--against", earlier); code != codeNo || !strings.Contains(out, "none of the checkpoints kept elsewhere") {
		t.Errorf("against an earlier one: code %d: %s%s", code, out, errs)
	}
}
