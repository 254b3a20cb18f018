package maskedlog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/logging"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddyrec/caddyrec/caddyrec/maskedlog"
)

// logged is what a logger with the encoder writes.
func logged(t *testing.T, caddyfileText string, log func(*zap.Logger)) string {
	t.Helper()
	e := new(maskedlog.Encoder)
	if err := e.UnmarshalCaddyfile(caddyfile.NewTestDispenser(caddyfileText)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	if err := e.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log(zap.New(zapcore.NewCore(e, zapcore.AddSync(&out), zap.DebugLevel)))
	return out.String()
}

func request(t *testing.T) zap.Field {
	r, err := http.NewRequest("GET", "/orders?token=s3cr3t-of-the-query&page=2&mail=ana@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = r.URL.String()
	r.Header.Set("X-Api-Key", "s3cr3t-of-a-header")
	r.Header.Set("Referer", "https://example.com/?password=s3cr3t-of-the-referer")
	r.Header.Set("User-Agent", "curl/8 4111 1111 1111 1111")
	return zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: r, ShouldLogCredentials: true})
}

var secrets = []string{"s3cr3t", "ana@example.com", "4111"}

func TestCaddysOwnLogsHoldNoSecret(t *testing.T) {
	for _, format := range []string{"masked", "masked {\nwrap json\n}", "masked {\nwrap console\n}", "masked {\nwrap json {\ntime_format rfc3339\n}\n}"} {
		text := logged(t, format, func(l *zap.Logger) {
			l.Info("handled request", request(t), zap.Int("status", 200))
			l.With(request(t)).Error("dial http://u:s3cr3t-of-a-url@upstream/?api_key=s3cr3t", zap.Strings("list", []string{"Bearer s3cr3t-of-a-list.aaaaaaaaaaaaaaaa"}))
			l.Named("x").Warn(`{"password":"s3cr3t-in-json"}`)
		})
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %q is in\n%s", format, secret, text)
			}
		}
		for _, kept := range []string{"handled request", "/orders?", "page=2", "curl/8", "200"} {
			if !strings.Contains(text, kept) {
				t.Errorf("%s: %q is gone from\n%s", format, kept, text)
			}
		}
		if n := strings.Count(text, "\n"); n != 3 {
			t.Errorf("%s: %d lines, want 3:\n%s", format, n, text)
		}
	}
}

func TestAnEntryStaysJSON(t *testing.T) {
	text := logged(t, "masked {\nwrap json\n}", func(l *zap.Logger) { l.Info("handled request", request(t)) })
	var entry struct {
		Level, Msg string
		Request    struct{ Method, URI string }
	}
	if err := json.Unmarshal([]byte(text), &entry); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if entry.Level != "info" || entry.Msg != "handled request" || entry.Request.Method != "GET" || !strings.HasPrefix(entry.Request.URI, "/orders?token=") {
		t.Errorf("got %s", text)
	}
}

func TestWhatHasNoSecretIsLoggedAsItIs(t *testing.T) {
	log := func(l *zap.Logger) { l.Info("plain", zap.String("a", "b"), zap.Float64("n", 1.5)) }
	text := logged(t, "masked {\nwrap json {\ntime_format wall\n}\n}", log)
	if !strings.Contains(text, `"msg":"plain","a":"b","n":1.5}`) {
		t.Errorf("got %s", text)
	}
}
