package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestAKeyIsChangedAndTheLogVerifiesThroughIt(t *testing.T) {
	w := newWorld(t)
	w.sample()
	old, err := readKey(filepath.Join(w.store, "keys", "main.public"))
	mustNot(t, err)
	s := newScreen()
	nobody := &retentionFlags{address: "127.0.0.1:1"}
	mustNot(t, s.rotate(w.source(), nobody))
	wantIn(t, s.stderr.String(), "The new key ", "not in force yet", "next start", filepath.Join(w.store, "keys", "main.public"))
	if strings.Contains(s.stderr.String(), "PRIVATE") {
		t.Error("the secret key is shown")
	}
	if err := s.rotate(w.source(), nobody); codeOf(err) != codeNo || !strings.Contains(err.Error(), "waits still") {
		t.Errorf("a second one: %v", err)
	}
	s = newScreen()
	mustNot(t, s.keys(w.source(), false))
	wantIn(t, s.stdout.String(), "in force", "waits for the gateway", "2026-11-21 18:00:00Z")

	if public, err := w.log.RotateKey(); err != nil || public == "" {
		t.Fatal(public, err)
	}
	w.commit(record.GatewayStopped, func(r *record.Record) { r.Gateway = &record.Gateway{Version: "v"} })
	w.close()
	s = newScreen()
	mustNot(t, s.keys(w.source(), false))
	wantIn(t, s.stdout.String(), "retired at record 9", "in force")
	if strings.Contains(s.stdout.String(), "waits") {
		t.Errorf("the key still waits:\n%s", s.stdout)
	}
	s = newScreen()
	mustNot(t, s.keys(w.source(), true))
	var all logKeys
	mustNot(t, json.Unmarshal(s.stdout.Bytes(), &all))
	if len(all.Keys) != 2 || all.Keys[0].Public != old || all.Keys[1].From != 9 || all.Next != "" {
		t.Errorf("%+v", all)
	}

	list := filepath.Join(w.store, "keys", "main.public")
	file := filepath.Join(t.TempDir(), "x.proof")
	mustNot(t, s.proof(t.Context(), w.source(), recordName{seq: 9}, file))
	for _, key := range []string{list, old, all.Keys[1].Public} {
		code, out, errs := runCaddy(t, nil, "rec", "verify", w.store, "--key", key)
		if code != codeDone || !strings.Contains(out, "signed until record 8") {
			t.Errorf("with %s: code %d\n%s%s", key, code, out, errs)
		}
		want := codeDone
		if key == old {
			want = codeNo
		}
		if code, out, _ := runCaddy(t, nil, "rec", "verify", file, "--key", key); code != want {
			t.Errorf("the proof, with %s: code %d\n%s", key, code, out)
		}
	}
	mustNot(t, os.RemoveAll(filepath.Join(w.store, "keys")))
	if err := s.rotate(w.source(), nobody); codeOf(err) != codeFailed || !strings.Contains(err.Error(), "name the store") {
		t.Errorf("without keys: %v", err)
	}
}
