package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
)

// tamper changes what the log's open segment holds.
func (w *world) tamper(from, to string) {
	w.t.Helper()
	names, err := filepath.Glob(filepath.Join(w.dir(), "open", "*.ndjson"))
	if err != nil || len(names) != 1 {
		w.t.Fatal(names, err)
	}
	text, err := os.ReadFile(names[0])
	mustNot(w.t, err)
	if !bytes.Contains(text, []byte(from)) {
		w.t.Fatalf("no %s in the segment", from)
	}
	mustNot(w.t, os.WriteFile(names[0], bytes.Replace(text, []byte(from), []byte(to), 1), 0o600))
}

func TestAnIntactLogIsSaidToBeIntact(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	s := newScreen()
	mustNot(t, s.verify(context.Background(), w.source(), ledger.VerifyOptions{Key: w.keys.Verifier()}, false))
	wantIn(t, s.stdout.String(), "main in "+w.dir(), "9 in 1 segment,", "2026-11-21 18:00:00", "2026-11-21 18:08:00", "as given", "Intact")
	if strings.Contains(s.stdout.String(), "replace this key") {
		t.Error("it doubts a key that was given")
	}
}

func TestAKeyFoundBesideTheLogIsDoubtedAloud(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	s := newScreen()
	mustNot(t, s.verify(context.Background(), w.source(), ledger.VerifyOptions{}, false))
	wantIn(t, s.stdout.String(), "found beside the records", "could replace this key too", "--key FILE", "Intact")
}

func TestAChangedRecordIsNamed(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	w.tamper(`"status":201`, `"status":200`)
	s := newScreen()
	err := s.verify(context.Background(), w.source(), ledger.VerifyOptions{Key: w.keys.Verifier()}, false)
	if codeOf(err) != codeNo {
		t.Errorf("error %v", err)
	}
	wantIn(t, s.stdout.String(), "NOT INTACT: 1 problem", "damaged", "record 2 (019aa7a0-0000-7000-8000-000000000102): ", "open/000000000000.ndjson")

	s = newScreen()
	if err := s.verify(context.Background(), w.source(), ledger.VerifyOptions{Key: w.keys.Verifier()}, true); codeOf(err) != codeNo {
		t.Errorf("with --json: error %v", err)
	}
	var report ledger.Report
	mustNot(t, json.Unmarshal(s.stdout.Bytes(), &report))
	if len(report.Problems) != 1 || report.Problems[0].Seq != 2 || report.KeySource != "given" {
		t.Errorf("%+v", report)
	}
}

func TestALogOfAnotherKeyIsNotIntact(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	w.sample()
	w.close()
	s := newScreen()
	if err := s.verify(context.Background(), w.source(), ledger.VerifyOptions{Key: other.keys.Verifier()}, false); codeOf(err) != codeNo {
		t.Errorf("error %v: %s", err, s.stdout)
	}
}

func TestTheKeyIsTakenAsTextOrFromAFile(t *testing.T) {
	w := newWorld(t)
	vkey := w.keys.Verifier()
	for _, given := range []string{vkey, filepath.Join(w.store, "keys", "main.public"), filepath.Join(w.dir(), publicKey)} {
		if got, err := readKey(given); got != vkey || err != nil {
			t.Errorf("%s: %q, %v", given, got, err)
		}
	}
	secret, err := os.ReadFile(filepath.Join(w.store, "keys", "main.signing.key"))
	mustNot(t, err)
	for _, given := range []string{"none", vkey[:len(vkey)-4], string(secret), filepath.Join(w.store, "keys", "main.signing.key"), w.store} {
		_, err := readKey(given)
		if err == nil {
			t.Errorf("%s was taken for a public key", given)
			continue
		}
		// "PRIVATE+KEY+<name>+<hash>+<key>", and the key's base64 may have a + of its own.
		if parts := strings.SplitN(string(secret), "+", 5); strings.Contains(err.Error(), strings.TrimSpace(parts[4])) {
			t.Errorf("the error tells a private key: %v", err)
		}
	}
}

func TestProgressIsDrawnOnATerminalOnly(t *testing.T) {
	for _, tty := range []bool{false, true} {
		s := newScreen()
		s.errTTY = tty
		now := began
		s.now = func() time.Time { return now }
		bar := newProgress(s.console, "verifying main")
		bar.set(1, 100)
		if s.stderr.Len() > 0 {
			t.Error("short work has a bar")
		}
		now = now.Add(time.Second)
		bar.set(50, 100)
		bar.set(51, 100) // too soon after
		bar.end()
		want := ""
		if tty {
			want = "\rverifying main [############------------]  50 % of 100 bytes \r\x1b[K"
		}
		wantText(t, s.stderr.String(), want)
	}
}

func TestAnInterruptedVerificationProvesNothing(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := newScreen()
	err := s.verify(ctx, w.source(), ledger.VerifyOptions{}, false)
	if codeOf(err) != codeFailed || !strings.Contains(err.Error(), "not verified") || s.stdout.Len() > 0 {
		t.Errorf("error %v, output %s", err, s.stdout)
	}
}

func TestProblemsThatAreNotListedAreCounted(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	folder := filepath.Join(w.dir(), "checkpoints")
	mustNot(t, os.MkdirAll(folder, 0o700))
	for i := range 1200 {
		mustNot(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("x%04d", i)), nil, 0o600))
	}
	code, out, _ := runCaddy(t, nil, "rec", "verify", w.store)
	if code != codeNo {
		t.Errorf("code %d", code)
	}
	wantIn(t, out, "NOT INTACT: 1200 problems", "200 more problems are not listed")
}
