package caddyrec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/frames"
	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/local"
)

// probed is a local store that can be told not to delete, and that counts how
// often the sealed segments are listed.
type probed struct {
	*local.Store
	deletes atomic.Int64 // that are let through
	listed  atomic.Int64
}

func (p *probed) Delete(ctx context.Context, name string) error {
	if p.deletes.Add(-1) < 0 {
		return errors.New("dial tcp 192.0.2.1:443: connect: connection refused")
	}
	return p.Store.Delete(ctx, name)
}

func (p *probed) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	if strings.HasSuffix(prefix, "/sealed/") {
		p.listed.Add(1)
	}
	return p.Store.List(ctx, prefix)
}

// probedStore is the module that opens it.
type probedStore struct{ *probed }

func (s probedStore) Key() string { return s.Root() }

func (s probedStore) Open(*slog.Logger) (storage.Store, string, error) {
	return s.probed, s.Root(), nil
}

const day = 24 * time.Hour

// oldGateway is a gateway whose log has one sealed segment of three records for
// each of the days before yesterday, and what it told its logger.
func oldGateway(t *testing.T, name string, days int) (*Gateway, *probed, *observer.ObservedLogs) {
	t.Helper()
	store, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ledger.LoadKeys(filepath.Join(store.Root(), "keys"), name)
	if err != nil {
		t.Fatal(err)
	}
	open := func(t *testing.T) *ledger.Log {
		l, err := ledger.Open(ledger.Options{Dir: filepath.Join(store.Root(), "ledger", name), Log: name, Store: store, Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for n := range days {
		l := open(t)
		for i := range 3 {
			r := record.New(record.GatewayStarted)
			r.Time = record.Time{Time: time.Now().UTC().Add(-time.Duration(days-n+1)*day + time.Duration(i)*time.Minute)}
			r.Session = &record.Session{ID: "s1", Key: "sid"}
			if _, err := l.Commit(t.Context(), r.AppendFields(nil)); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		l := open(t)
		synctest.Wait() // until all is sealed
		if n := l.Stats().Unsealed; n > 0 {
			t.Errorf("%d segments could not be sealed", n)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	})
	p := &probed{Store: store}
	p.deletes.Store(1000)
	core, told := observer.New(zap.DebugLevel)
	g, err := openGateway(name, &App{store: probedStore{p}, Log: name, logger: zap.New(core)}, terms{patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		gateways.Delete(name)
		<-g.closed
	})
	return g, p, told
}

// askAdmin asks an endpoint, and reads the answer.
func askAdmin(t *testing.T, path, body string, into any) (status int, text string) {
	t.Helper()
	w := httptest.NewRecorder()
	for _, route := range (adminAPI{}).Routes() {
		if route.Pattern != path {
			continue
		}
		err := route.Handler.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body)))
		var refused caddy.APIError
		if errors.As(err, &refused) { // which Caddy writes
			return refused.HTTPStatus, refused.Error()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
	}
	return w.Code, w.Body.String()
}

func TestHoldsAndPurgesByTheAdminEndpoint(t *testing.T) {
	g, p, _ := oldGateway(t, "admin", 4)
	shown := func() frames.Kind {
		t.Helper()
		r, err := g.shown().server.Library.Open(t.Context(), "s1")
		if err != nil {
			t.Fatal(err)
		}
		f, err := r.Frame(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		return f.Kind
	}
	if kind := shown(); kind == frames.Purge {
		t.Fatal("the first record is purged already")
	}
	now := time.Now().UTC().Format(time.RFC3339)
	for _, c := range []struct {
		path, body string
		status     int
		say        string
	}{
		{"/caddyrec/hold", `{"why":"x","from":"2026-02-01T00:00:00Z","until":"2026-01-01T00:00:00Z"}`, 400, "ends before it begins"},
		{"/caddyrec/hold", `{"why":"` + strings.Repeat("x", 2000) + `"}`, 400, "longer than"},
		{"/caddyrec/hold", `{"by":"x"}`, 400, "say why"},
		{"/caddyrec/hold", `{"why":"x","what":1}`, 400, "what"},
		{"/caddyrec/hold", `{"why":"x","log":"other"}`, 404, "not open here"},
		{"/caddyrec/release", `{"why":"x","hold":"y"}`, 404, "no such hold"},
		{"/caddyrec/release", `{"why":"x","hold":"y","by":"` + strings.Repeat("x", 2000) + `"}`, 400, "longer than"},
		{"/caddyrec/purge", `{"why":"x"}`, 400, "before when"},
		{"/caddyrec/purge", `{"why":"` + strings.Repeat("x", 2000) + `","before":"` + now + `"}`, 400, "longer than"},
	} {
		if status, text := askAdmin(t, c.path, c.body, nil); status != c.status || !strings.Contains(text, c.say) {
			t.Errorf("%s %.60s: %d %s", c.path, c.body, status, text)
		}
	}
	var held struct{ Hold string }
	if status, text := askAdmin(t, "/caddyrec/hold", `{"why":"case 17"}`, &held); status != 200 || held.Hold == "" {
		t.Fatalf("%d %s", status, text)
	}
	purge := `{"why":"policy","before":"` + now + `"}`
	var done purgeAnswer
	if status, text := askAdmin(t, "/caddyrec/purge", purge, &done); status != 200 || len(done.Segments) != 3 || done.Segments[0].Kind != ledger.KeptHeld {
		t.Fatalf("%d %s", status, text)
	}
	if status, text := askAdmin(t, "/caddyrec/release", `{"why":"closed","hold":"`+held.Hold+`"}`, nil); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	// The store fails on the way: what was done is told all the same.
	p.deletes.Store(1)
	done = purgeAnswer{}
	status, text := askAdmin(t, "/caddyrec/purge", purge, &done)
	if status != http.StatusInternalServerError || len(done.Segments) != 1 || done.Segments[0].Kind != "" || !strings.Contains(done.Error, "connection refused") {
		t.Fatalf("%d %s", status, text)
	}
	p.deletes.Store(1000)
	done = purgeAnswer{}
	if status, text := askAdmin(t, "/caddyrec/purge", purge, &done); status != 200 || len(done.Segments) != 2 || done.Error != "" {
		t.Fatalf("%d %s", status, text)
	}
	if kind := shown(); kind != frames.Purge {
		t.Errorf("who watches is still shown %s from memory", kind)
	}
}

func TestDamageIsLoggedOnceForEachSegmentAndAHoldAtDebug(t *testing.T) {
	g, p, told := oldGateway(t, "damage", 4)
	g.terms.newest.Store(&terms{patience: time.Second, retain: time.Hour})
	g.retention.clock = clock{wall: time.Now(), up: time.Since(began)} // it has been looked at since the start
	sealed, err := filepath.Glob(filepath.Join(p.Root(), "ledger", "damage", "sealed", "*", "*", "*.gz"))
	if err != nil || len(sealed) != 4 {
		t.Fatalf("%q %v", sealed, err)
	}
	if err := errors.Join(os.Remove(sealed[0]), os.WriteFile(sealed[0], []byte("gone"), 0o440)); err != nil {
		t.Fatal(err)
	}
	until := time.Now().Add(-5*day + time.Hour)
	if _, err := g.log.Hold(t.Context(), ledger.Hold{From: until.Add(time.Hour), Until: until.Add(day), Why: "case"}); err != nil {
		t.Fatal(err)
	}
	p.listed.Store(0)
	if err := g.retention.purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := p.listed.Load(); n != 1 {
		t.Errorf("the first look lists the segments %d times", n)
	}
	for range 2 {
		if err := g.retention.purge(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.listed.Load(); n != 3 {
		t.Errorf("three looks list the segments %d times", n)
	}
	if n := told.FilterLevelExact(zap.ErrorLevel).FilterMessageSnippet("damaged").Len(); n != 1 {
		t.Errorf("damage is told %d times", n)
	}
	if n := told.FilterLevelExact(zap.DebugLevel).FilterMessageSnippet("kept").Len(); n != 3 {
		t.Errorf("the hold is told %d times, want at each of 3 looks: %v", n, told.All())
	}
	if n := told.FilterMessage("purged").Len(); n != 1 {
		t.Errorf("%d segments were purged", n)
	}
}

func TestEveryRecordIsCountedByItsTypeAndTheSeriesGoWithTheLog(t *testing.T) {
	dir := folderStore(t.TempDir())
	registry := prometheus.NewRegistry()
	if err := registerMetrics(registry); err != nil {
		t.Fatal(err)
	}
	g, err := openGateway("counted", &App{store: dir, Log: "counted", logger: zap.NewNop()}, terms{patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	id, err := g.log.Hold(t.Context(), ledger.Hold{Why: "case"})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.log.Release(t.Context(), id, "closed", ""); err != nil {
		t.Fatal(err)
	}
	if err := g.Commit(0, record.New(record.GatewayStarted)); err == nil { // a series of failures
		t.Fatal("a record was durable in no time")
	}
	g.outage.tell()
	series := func() map[string]float64 {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				labels := ""
				for _, l := range m.GetLabel() {
					labels += " " + l.GetValue()
				}
				if strings.Contains(labels, "counted") {
					all[f.GetName()+labels] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
		}
		return all
	}
	all := series()
	counted := 0.0
	for name, n := range all {
		if strings.HasPrefix(name, "caddyrec_records_total ") {
			counted += n
		}
	}
	if all["caddyrec_records_total counted retention.held"] != 1 || all["caddyrec_records_total counted retention.released"] != 1 {
		t.Errorf("the log's own records are not counted: %v", all)
	}
	if in := all["caddyrec_log_records counted"]; in != counted {
		t.Errorf("%v records are counted, %v are in the log", counted, in)
	}
	gateways.Delete("counted")
	<-g.closed
	if left := series(); len(left) != 0 {
		t.Errorf("after the log was closed there are %v", fmt.Sprint(left))
	}
}
