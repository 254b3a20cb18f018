package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/caddyrec/localstore"
)

// configured is what a configuration says about where records are, and what is
// masked in them.
type configured struct {
	store, log string
	mask       *caddyrec.Mask
}

// readConfig takes store and log from a Caddyfile or a JSON configuration. It
// is adapted, not provisioned: nothing is opened, fetched or made.
func readConfig(name string) (configured, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return configured{}, fmt.Errorf("reading the configuration: %w", err)
	}
	if !strings.EqualFold(filepath.Ext(name), ".json") {
		adapter := caddyconfig.GetAdapter("caddyfile")
		if adapter == nil {
			return configured{}, fmt.Errorf("this build of Caddy cannot read Caddyfiles: give %s as JSON", name)
		}
		if text, _, err = adapter.Adapt(text, map[string]any{"filename": name}); err != nil {
			return configured{}, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	var config struct {
		Apps map[string]json.RawMessage `json:"apps"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return configured{}, fmt.Errorf("%s is not a Caddy configuration: %w", name, err)
	}
	app := new(caddyrec.App)
	if raw, ok := config.Apps["caddyrec"]; ok {
		if err := json.Unmarshal(raw, app); err != nil {
			return configured{}, fmt.Errorf("%s: the app caddyrec: %w", name, err)
		}
	}
	store, err := storeFolder(app.StoreRaw)
	if err != nil {
		return configured{}, fmt.Errorf("%s: %w", name, err)
	}
	return configured{store: store, log: app.Log, mask: app.Mask}, nil
}

// storeFolder is the folder of the store that raw describes, found as the
// module itself finds it.
func storeFolder(raw json.RawMessage) (string, error) {
	store := struct {
		Module string `json:"module"`
		localstore.Local
	}{Module: "local"}
	if raw != nil {
		if err := json.Unmarshal(raw, &store); err != nil {
			return "", fmt.Errorf("the store: %w", err)
		}
	}
	if store.Module != "local" {
		return "", fmt.Errorf("the store is of kind %q, whose records are not in a folder here: copy them and pass --store", store.Module)
	}
	if store.Folder == "" {
		return filepath.Join(caddy.AppDataDir(), "caddyrec"), nil
	}
	folder, err := caddy.NewReplacer().ReplaceOrErr(store.Folder, true, true)
	if err != nil {
		return "", fmt.Errorf("the store's folder %s: %w: set what it names as it is set for Caddy, or pass --store", store.Folder, err)
	}
	return folder, nil
}
