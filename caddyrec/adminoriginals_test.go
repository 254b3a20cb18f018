package caddyrec

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

func TestAnOpeningIsOnRecordOrRefused(t *testing.T) {
	dir := folderStore(t.TempDir())
	g, err := openGateway("opened", &App{store: dir, Log: "opened", logger: zap.NewNop()}, terms{patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		gateways.Delete("opened")
		<-g.closed
	})
	log := filepath.Join(g.dir, "ledger", "opened")
	key, err := os.ReadFile(filepath.Join(log, "public.key"))
	if err != nil {
		t.Fatal(err)
	}
	of := OpenedRecord{ID: record.NewID(), Seq: 7, Exchange: record.NewID()}
	good := OpenedAsk{Log: "opened", Key: string(key), Records: []OpenedRecord{of, of}, Why: "case 17", By: "ida"}
	ask := func(change func(*OpenedAsk)) (int, string) {
		t.Helper()
		a := good
		change(&a)
		body, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return askAdmin(t, "/caddyrec/originals", string(body), nil)
	}
	for name, c := range map[string]struct {
		change func(*OpenedAsk)
		status int
		says   string
	}{
		"no reason":       {func(a *OpenedAsk) { a.Why = "" }, 400, "say why"},
		"a long reason":   {func(a *OpenedAsk) { a.Why = strings.Repeat("x", 5000) }, 400, "too long"},
		"no record":       {func(a *OpenedAsk) { a.Records = nil }, 400, "which records"},
		"no id":           {func(a *OpenedAsk) { a.Records = []OpenedRecord{{ID: "x\n"}} }, 400, "UUID"},
		"no exchange":     {func(a *OpenedAsk) { a.Records = []OpenedRecord{{ID: of.ID, Exchange: "x"}} }, 400, "UUID"},
		"another log":     {func(a *OpenedAsk) { a.Log = "other" }, 404, "not open here"},
		"one of its name": {func(a *OpenedAsk) { a.Key = "caddyrec/opened+0+AAAA\n" }, 404, "public key differs"},
	} {
		if status, text := ask(c.change); status != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if status, _ := askAdmin(t, "/caddyrec/originals", `{"who":"x"}`, nil); status != 400 {
		t.Errorf("an unknown field: %d", status)
	}
	if status, text := ask(func(*OpenedAsk) {}); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if _, err := ledger.NewSigningKey(filepath.Join(g.dir, "keys"), "opened"); err != nil {
		t.Fatal(err)
	}
	g.rotateKey()
	if status, text := ask(func(a *OpenedAsk) { a.Records = a.Records[:1] }); status != 200 {
		t.Fatalf("after a change of the signing key: %d %s", status, text)
	}
	var told []*record.Record
	err = ledger.Walk(os.DirFS(log), 0, func(l ledger.Line) error {
		r, err := record.Parse(l.Raw)
		if err == nil && r.Type == record.OriginalsOpened {
			told = append(told, r)
		}
		return err
	})
	if err != nil || len(told) != 3 {
		t.Fatalf("%v: %d records", err, len(told))
	}
	for _, r := range told {
		if *r.Opened != (record.Opened{Record: of.ID, Seq: 7, Why: "case 17", By: "ida"}) || r.Exchange != of.Exchange {
			t.Errorf("got %+v", r.Opened)
		}
	}
}
