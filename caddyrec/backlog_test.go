package caddyrec

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/local"
	"github.com/caddyrec/caddyrec/storage/spool"
)

// awayStore is a store that is far away and may not be there, with a spool in
// front of it.
type awayStore struct {
	storage.Store
	dir   string
	away  atomic.Bool
	spool *spool.Spool
}

func (s *awayStore) Create(ctx context.Context, name string, r io.Reader) error {
	if s.away.Load() {
		return errors.New("the bucket is away")
	}
	return s.Store.Create(ctx, name, r)
}

func (s *awayStore) Spooled() storage.Store { return s.spool }

func (s *awayStore) Close() error { return s.spool.Close() }

// awayModule is the module that opens it.
type awayModule struct{ *awayStore }

func (m awayModule) Key() string { return m.dir }

func (m awayModule) Open(*slog.Logger) (storage.Store, string, error) {
	s := m.awayStore
	far, err := local.Open(filepath.Join(s.dir, "far"))
	if err != nil {
		return nil, "", err
	}
	s.Store = far
	s.spool, err = spool.Open(s, spool.Options{Dir: filepath.Join(s.dir, "outbox"), Limit: 100, OnFull: spool.Deny})
	return s, s.dir, err
}

func TestWhatWaitsForABucketIsInHealthAndMetrics(t *testing.T) {
	store := &awayStore{dir: t.TempDir()}
	g, err := openGateway(store.dir, &App{store: awayModule{store}, Log: "backlog", logger: zap.NewNop()}, terms{patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		gateways.Delete(store.dir)
		<-g.closed
	}()
	registry := prometheus.NewRegistry()
	if err := registerMetrics(registry); err != nil {
		t.Fatal(err)
	}
	// The start puts the log's public key into the bucket itself: nothing waits yet.
	if h, status := askHealth(t); status != http.StatusOK || h.Logs[0].Spool == nil || h.Logs[0].Spool.Full || h.Logs[0].Spool.Oldest != nil {
		t.Errorf("%d %+v", status, h.Logs[0])
	}
	store.away.Store(true)
	if err := store.spool.Create(t.Context(), "ledger/backlog/holds/x", strings.NewReader(strings.Repeat("x", 150))); err != nil {
		t.Fatal(err)
	}
	h, status := askHealth(t)
	l := h.Logs[0]
	if s := l.Spool; status != http.StatusServiceUnavailable || l.OK || l.Reason != "ledger-full" || s.Objects != 1 || s.Bytes != 150 || !s.Full || s.Oldest == nil {
		t.Errorf("%d %+v %+v", status, l, s)
	}
	if err := g.Commit(time.Second, record.New(record.Intent)); reasonOf(err) != "ledger-full" {
		t.Errorf("what begins is taken: %v", err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[f.GetName()] = m.GetGauge().GetValue()
		}
	}
	if got["caddyrec_spool_objects"] != 1 || got["caddyrec_spool_bytes"] != 150 || got["caddyrec_upload_lag_seconds"] <= 0 || got["caddyrec_healthy"] != 0 {
		t.Errorf("%v", got)
	}
	store.away.Store(false)
}

func TestAProblemThatStopsNothingIsInHealth(t *testing.T) {
	g, _, _ := oldGateway(t, "problem", 1)
	g.problems.note(errors.New("a segment is damaged"), time.Now())
	h, status := askHealth(t)
	for _, l := range h.Logs {
		if l.Log == "problem" && (status != http.StatusOK || l.Problems != 1 || l.LastProblem == nil || l.LastProblem.Text != "a segment is damaged") {
			t.Errorf("%d %+v", status, l)
		}
	}
}
