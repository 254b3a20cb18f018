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

// configured is what a configuration says about where records are, what is
// masked in them, and where the gateway answers.
type configured struct {
	store, log string
	admin      string                 // the admin endpoint; "": Caddy's default
	far        caddyrec.ReadableStore // where it is no folder here; else nil
	mask       *caddyrec.Mask
}

// readConfig takes store and log from a Caddyfile or a JSON configuration. It
// is adapted, and the store alone is provisioned: nothing is fetched or made.
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
		Admin struct {
			Listen string `json:"listen"`
		} `json:"admin"`
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
	c := configured{log: app.Log, admin: config.Admin.Listen, mask: app.Mask}
	if isLocal(app.StoreRaw) {
		c.store, err = storeFolder(app.StoreRaw)
	} else {
		c.far, err = loadStore(app.StoreRaw)
	}
	if err != nil {
		return configured{}, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// isLocal says whether raw describes a folder on this machine.
func isLocal(raw json.RawMessage) bool {
	store := struct {
		Module string `json:"module"`
	}{Module: "local"}
	return raw == nil || json.Unmarshal(raw, &store) != nil || store.Module == "local"
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
	if store.Folder == "" {
		return filepath.Join(caddy.AppDataDir(), "caddyrec"), nil
	}
	folder, err := caddy.NewReplacer().ReplaceOrErr(store.Folder, true, true)
	if err != nil {
		return "", fmt.Errorf("the store's folder %s: %w: set what it names as it is set for Caddy, or pass --store", store.Folder, err)
	}
	return folder, nil
}
