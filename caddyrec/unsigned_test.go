package caddyrec

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddyrec/caddyrec/record"
)

func TestHealthTellsWhenCheckpointsDoNotCome(t *testing.T) {
	dir := folderStore(t.TempDir())
	signed := make(chan struct{}, 100)
	core, _ := observer.New(zap.InfoLevel)
	logger := zap.New(core, zap.Hooks(func(e zapcore.Entry) error {
		if e.LoggerName == "caddyrec.checkpoint" {
			signed <- struct{}{}
		}
		return nil
	}))
	g, err := openGateway("late", &App{store: dir, Log: "outages", logger: logger}, terms{patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		gateways.Delete("late")
		<-g.closed
	}()
	registry := prometheus.NewRegistry()
	if err := registerMetrics(registry); err != nil {
		t.Fatal(err)
	}
	until := func(what string, ok func(h health, status int) bool) {
		t.Helper()
		for late := time.After(20 * time.Second); ; {
			h, status := askHealth(t)
			if ok(h, status) {
				return
			}
			select {
			case <-signed:
			case <-late:
				t.Fatalf("%s: %d %+v", what, status, h)
			}
		}
	}
	until("the start is not signed", func(h health, _ int) bool { return h.Logs[0].Unsigned == 0 })

	// As on a disk without inodes, records go on and checkpoints fail.
	newest := filepath.Join(string(dir), "ledger", "outages", "checkpoint")
	if err := os.Rename(newest, newest+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(newest, "in-the-way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := g.Commit(10*time.Second, record.New(record.GatewayStarted)); err != nil {
			t.Fatal(err)
		}
	}
	if h, status := askHealth(t); status != http.StatusOK || h.Logs[0].Unsigned != 3 {
		t.Errorf("at once: %d %+v", status, h)
	}
	g.unsigned.mu.Lock()
	g.unsigned.since = g.unsigned.since.Add(-lateAfter)
	g.unsigned.mu.Unlock()
	h, status := askHealth(t)
	if l := h.Logs[0]; status != http.StatusServiceUnavailable || h.OK || l.OK || l.Since == nil || l.Reason != "checkpoint-late" || l.Unsigned != 3 {
		t.Errorf("half a minute later: %d %+v", status, h)
	}
	if got := gathered(t, registry, "caddyrec_unsigned_records"); got != 3 {
		t.Errorf("caddyrec_unsigned_records is %v", got)
	}
	if got := gathered(t, registry, "caddyrec_healthy"); got != 0 {
		t.Errorf("caddyrec_healthy is %v", got)
	}

	if err := os.RemoveAll(newest); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(newest+".away", newest); err != nil {
		t.Fatal(err)
	}
	until("checkpoints come again", func(h health, status int) bool { return status == http.StatusOK && h.Logs[0].Unsigned == 0 })
}

func TestRecordsAreLateByTheFirstThatIsNotSigned(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	note := func(size int) []byte { return []byte("caddyrec/x\n" + strconv.Itoa(size) + "\nroot\n\n- sig\n") }
	var u unsigned
	u.checkpoint(note(5), at(0))
	u.committed(at(1000)) // after a quiet time
	u.committed(at(1020))
	if n, since := u.behind(7, at(1030)); n != 2 || !since.IsZero() {
		t.Error(n, since)
	}
	if n, since := u.behind(7, at(1031)); n != 2 || !since.Equal(at(1000)) {
		t.Error(n, since)
	}
	u.checkpoint(note(4), at(1032)) // made late, at a seal
	if n, since := u.behind(7, at(1033)); n != 2 || since.IsZero() {
		t.Error(n, since)
	}
	u.checkpoint(note(7), at(1034))
	if n, since := u.behind(7, at(5000)); n != 0 || !since.IsZero() {
		t.Error(n, since)
	}
}
