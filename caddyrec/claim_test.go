package caddyrec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/ledger"
)

func TestALostFolderIsNotTakenForAnotherLogAfterARotation(t *testing.T) {
	dir := t.TempDir()
	open := func() (*Gateway, error) {
		store := &awayStore{dir: dir}
		return openGateway(dir, &App{store: awayModule{store}, Log: "claimed", logger: zap.NewNop()}, terms{patience: time.Second})
	}
	g, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.NewSigningKey(filepath.Join(dir, "keys"), "claimed"); err != nil {
		t.Fatal(err)
	}
	first := g.keys.Verifier()
	if now, err := g.log.RotateKey(); err != nil || now == first {
		t.Fatal(now, err)
	}
	gateways.Delete(dir)
	<-g.closed
	if err := os.RemoveAll(filepath.Join(dir, "ledger", "claimed")); err != nil {
		t.Fatal(err)
	}
	if _, err := open(); err == nil || !strings.Contains(err.Error(), "acknowledged records are missing") {
		t.Errorf("%v", err)
	}
}
