package sessionreplay

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	_ "github.com/caddyserver/caddy/v2/modules/metrics"

	_ "github.com/caddyrec/caddyrec/caddyrec/localstore"
)

func init() { caddy.RegisterModule(sink{}) }

// sink gets Caddy events.
type sink struct{}

var events = make(chan caddy.Event, 100)

func (sink) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.test_sink", New: func() caddy.Module { return new(sink) }}
}

func (sink) Handle(_ context.Context, e caddy.Event) error {
	events <- e
	return nil
}

var _ caddyevents.Handler = sink{}

func TestAnAnomalyIsACaddyEventAndInTheMetrics(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(t.TempDir(), "s")
	config, err := json.Marshal(map[string]any{
		"admin":   map[string]any{"disabled": true},
		"logging": map[string]any{"logs": map[string]any{"default": map[string]any{"writer": map[string]any{"output": "discard"}}}},
		"apps": map[string]any{
			"events":   map[string]any{"subscriptions": []any{map[string]any{"events": []string{"caddyrec_key_anomaly"}, "handlers": []any{map[string]any{"handler": "test_sink"}}}}},
			"caddyrec": map[string]any{"store": map[string]any{"module": "local", "folder": dir}},
			"http": map[string]any{"servers": map[string]any{"audit": map[string]any{
				"listen": []string{"unix/" + socket},
				// A unix socket's peers have no address of their own.
				"trusted_proxies_unix": true, "client_ip_headers": []string{"X-Forwarded-For"},
				"trusted_proxies": map[string]any{"source": "static", "ranges": []string{"0.0.0.0/0"}},
				"routes": []any{
					map[string]any{"handle": []any{map[string]any{"handler": "session_replay", "issue_to": map[string]any{"claim": "groups", "values": []string{"sec"}}}}},
					map[string]any{"handle": []any{map[string]any{"handler": "metrics"}}},
				},
			}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(config, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	t.Cleanup(client.CloseIdleConnections)
	get := func(path string, header ...string) string {
		req, err := http.NewRequest("GET", "http://audit"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for range 60 {
		if text := get("/.caddyrec/replay/key", "Authorization", "Bearer crk1.forged", "X-Forwarded-For", "203.0.113.9"); !strings.Contains(text, "key-malformed") {
			t.Fatal(text)
		}
	}
	select {
	case e := <-events:
		if e.Data["anomaly"] != "refusal-burst" || e.Data["client_ip"] != "203.0.113.9" || e.Data["log"] != "main" {
			t.Errorf("the event says %v", e.Data)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("there is no event")
	}
	text := get("/metrics")
	for _, want := range []string{
		`caddyrec_provisioning_keys_total{event="key.anomaly",log="main",reason="refusal-burst"} 1`,
		`caddyrec_provisioning_keys_total{event="key.refused",log="main",reason="malformed"} 60`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	if len(events) != 0 {
		t.Error("one burst is told more than once")
	}
}
