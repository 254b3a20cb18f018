package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// Without checkpoints anybody can write files that are whole in themselves.
func TestRecordsThatNobodySignedAreNotProven(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	mustNot(t, os.Remove(filepath.Join(w.dir(), "checkpoint")))
	mustNot(t, os.RemoveAll(filepath.Join(w.dir(), "checkpoints")))
	for _, json := range []bool{false, true} {
		s := newScreen()
		err := s.verify(context.Background(), w.source(), ledger.VerifyOptions{Key: w.keys.Verifier()}, json)
		if codeOf(err) != codeNo {
			t.Errorf("error %v", err)
		}
		if !json {
			wantIn(t, s.stdout.String(), "NOT PROVEN")
		}
	}
}

func TestItIsSaidHowFarTheSignaturesReach(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	newest, err := os.ReadFile(filepath.Join(w.dir(), "checkpoint"))
	mustNot(t, err)
	kept, err := os.ReadDir(filepath.Join(w.dir(), "checkpoints"))
	mustNot(t, err)
	w.open()
	w.commit(record.GatewayStarted, nil)
	w.close()
	// As if the process had been killed before the checkpoint of the last one.
	now, err := os.ReadDir(filepath.Join(w.dir(), "checkpoints"))
	mustNot(t, err)
	for _, e := range now[len(kept):] {
		mustNot(t, os.Remove(filepath.Join(w.dir(), "checkpoints", e.Name())))
	}
	mustNot(t, os.Chmod(filepath.Join(w.dir(), "checkpoint"), 0o600))
	mustNot(t, os.WriteFile(filepath.Join(w.dir(), "checkpoint"), newest, 0o600))
	s := newScreen()
	mustNot(t, s.verify(context.Background(), w.source(), ledger.VerifyOptions{Key: w.keys.Verifier()}, false))
	wantIn(t, s.stdout.String(), "Intact, as signed, up to record 8.", "1 after it")
}
