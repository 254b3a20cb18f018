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
	for name, away := range map[string]bool{"all is in the bucket": false, "the bucket is away, and no more can wait for it": true} {
		dir := t.TempDir()
		store := &awayStore{dir: dir}
		open := func() (*Gateway, error) {
			return openGateway(dir, &App{store: awayModule{store}, Log: "claimed", logger: zap.NewNop()}, terms{patience: time.Second})
		}
		g, err := open()
		if err != nil {
			t.Fatal(err)
		}
		shut := func(g *Gateway) {
			gateways.Delete(dir)
			<-g.closed
		}
		if _, err := ledger.NewSigningKey(filepath.Join(dir, "keys"), "claimed"); err != nil {
			t.Fatal(err)
		}
		store.away.Store(away)
		first := g.keys.Verifier()
		if now, err := g.log.RotateKey(); err != nil || now == first {
			t.Fatal(now, err)
		}
		shut(g)
		if err := os.RemoveAll(filepath.Join(dir, "ledger", "claimed")); err != nil {
			t.Fatal(err)
		}
		store.away.Store(false)
		if g, err = open(); err == nil || !strings.Contains(err.Error(), "acknowledged records are missing") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			shut(g)
		}
	}
}
