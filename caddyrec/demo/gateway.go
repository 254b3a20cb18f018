package demo

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile" // the Caddyfile adapter
)

// files are the demo's Caddyfile and schemas.
//
//go:embed files
var files embed.FS

// startGateway writes the demo's files to its folder and loads the Caddyfile.
func startGateway(w *world, address string) error {
	entries, err := files.ReadDir("files")
	if err != nil {
		return err
	}
	fill := strings.NewReplacer("GATEWAY_ADDRESS", address, "ISSUER_URL", w.issuer.URL, "ORDERS_ADDRESS", w.orders.address, "DEMO_FOLDER", filepath.ToSlash(w.dir))
	for _, e := range entries {
		text, err := files.ReadFile("files/" + e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(w.dir, e.Name()), []byte(fill.Replace(string(text))), 0o600); err != nil {
			return err
		}
	}
	// What the upstream wants to see, and nobody else should.
	if err := os.WriteFile(filepath.Join(w.dir, "upstream.key"), []byte(upstreamKey+"\n"), 0o600); err != nil {
		return err
	}
	name := filepath.Join(w.dir, "Caddyfile")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt(text, map[string]any{"filename": name})
	if err != nil {
		return fmt.Errorf("adapting %s: %w", name, err)
	}
	if err := quiet(); err != nil {
		return err
	}
	return caddy.Load(config, true)
}

// quiet keeps the line off the screen with which Caddy says that its log goes to
// a file from now on: it goes to where the log went before.
func quiet() error {
	no := false
	return caddy.Run(&caddy.Config{
		Admin:   &caddy.AdminConfig{Disabled: true, Config: &caddy.ConfigSettings{Persist: &no}},
		Logging: &caddy.Logging{Logs: map[string]*caddy.CustomLog{caddy.DefaultLoggerName: {BaseLog: caddy.BaseLog{Level: "ERROR"}}}},
	})
}
