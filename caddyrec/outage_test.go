package caddyrec

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/local"
)

type folderStore string

func (s folderStore) Key() string { return string(s) }

func (s folderStore) Open(*slog.Logger) (storage.Store, string, error) {
	store, err := local.Open(string(s))
	return store, string(s), err
}

func TestAnOutageIsToldByHealthAndMetricsAndThenByTheLogItself(t *testing.T) {
	dir := folderStore(t.TempDir())
	g, err := openGateway("test", &App{store: dir, Log: "outages", logger: zap.NewNop()}, terms{patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		gateways.Delete("test")
		<-g.closed
	}()
	registry := prometheus.NewRegistry()
	for range 2 { // as with two configurations
		if err := registerMetrics(registry); err != nil {
			t.Fatal(err)
		}
	}
	if h, status := askHealth(t); status != http.StatusOK || !h.OK || len(h.Logs) != 1 || h.Logs[0].Log != "outages" || h.Logs[0].Records != 1 {
		t.Fatalf("%d %+v", status, h)
	}

	for range 3 {
		if err := g.Commit(0, record.New(record.GatewayStarted)); err == nil {
			t.Fatal("a record was durable in no time")
		}
	}
	h, status := askHealth(t)
	if l := h.Logs[0]; status != http.StatusServiceUnavailable || h.OK || l.OK || l.Since == nil || l.Reason != "ledger-timeout" {
		t.Errorf("during the outage: %d %+v", status, h)
	}
	if got := gathered(t, registry, "caddyrec_healthy"); got != 0 {
		t.Errorf("caddyrec_healthy is %v during the outage", got)
	}
	if got := gathered(t, registry, "caddyrec_commit_failures_total"); got != 3 {
		t.Errorf("%v failures are counted, want 3", got)
	}

	g.outage.tell() // what the timer does
	if h, status = askHealth(t); status != http.StatusOK || !h.OK || h.Logs[0].Since != nil {
		t.Errorf("after the outage: %d %+v", status, h)
	}
	if got := gathered(t, registry, "caddyrec_healthy"); got != 1 {
		t.Errorf("caddyrec_healthy is %v after the outage", got)
	}
	var told *record.Record
	err = ledger.Walk(os.DirFS(filepath.Join(string(dir), "ledger", "outages")), 0, func(line ledger.Line) error {
		r, err := record.Parse(line.Raw)
		if err == nil && r.Type == record.GatewayOutage {
			told = r
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if told == nil || told.Gateway.Failed != 3 || told.Gateway.Reason != "ledger-timeout" || told.Gateway.Since == nil {
		t.Errorf("the log tells %+v", told)
	}
}

func askHealth(t *testing.T) (h health, status int) {
	t.Helper()
	w := httptest.NewRecorder()
	if err := serveHealth(w, httptest.NewRequest("GET", "/caddyrec/health", nil)); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &h); err != nil {
		t.Fatal(err)
	}
	return h, w.Code
}

// gathered is the sum of a metric's values for the log outages.
func gathered(t *testing.T, from prometheus.Gatherer, name string) (sum float64) {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if strings.Contains(m.String(), `"outages"`) {
				found = true
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	if !found {
		t.Errorf("there is no metric %s", name)
	}
	return sum
}

func TestARequestRefusedWhileItsIntentWasWrittenIsNoOrphanAfterwards(t *testing.T) {
	dir := folderStore(t.TempDir())
	g, err := openGateway("orphans", &App{store: dir, Log: "outages", logger: zap.NewNop()}, terms{patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		gateways.Delete("orphans")
		<-g.closed
	}()
	var uncertain, others []string
	for len(uncertain) < 3 {
		r := record.New(record.Intent)
		r.Exchange = record.NewID()
		var c *ledger.CommitError
		if err := g.Commit(time.Duration(len(others)), r); errors.As(err, &c) && c.Uncertain {
			uncertain = append(uncertain, r.Exchange)
		} else if others = append(others, r.Exchange); len(others) > 100_000 {
			t.Fatal("no record was ever being written")
		}
	}
	g.outage.tell() // what the timer does
	open, denied := map[string]bool{}, map[string]int{}
	err = ledger.Walk(os.DirFS(filepath.Join(string(dir), "ledger", "outages")), 0, func(line ledger.Line) error {
		r, err := record.Parse(line.Raw)
		if err != nil {
			return err
		}
		switch r.Type {
		case record.Intent:
			open[r.Exchange] = true
		case record.Denied:
			denied[r.Exchange]++
			if r.Denial.Reason != "ledger-timeout" || r.Denial.Status != http.StatusServiceUnavailable {
				t.Errorf("the refusal says %+v", r.Denial)
			}
			delete(open, r.Exchange)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range uncertain {
		if open[x] || denied[x] != 1 {
			t.Errorf("intent %s: open %v, denied %d times", x, open[x], denied[x])
		}
	}
	if len(denied) != len(uncertain) {
		t.Errorf("%d were denied, not %d", len(denied), len(uncertain))
	}
}
