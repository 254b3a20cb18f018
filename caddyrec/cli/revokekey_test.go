package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	_ "github.com/caddyrec/caddyrec/caddyrec/localstore"
	_ "github.com/caddyrec/caddyrec/caddyrec/sessionreplay"
	"github.com/caddyrec/caddyrec/record"
)

func TestAProvisioningKeyIsRevokedByItsID(t *testing.T) {
	w := newWorld(t)
	w.close()
	admin := ownPlaces(t)
	config, err := json.Marshal(map[string]any{
		"admin":   map[string]any{"listen": admin, "config": map[string]any{"persist": false}},
		"logging": map[string]any{"logs": map[string]any{"default": map[string]any{"writer": map[string]any{"output": "discard"}}}},
		"apps": map[string]any{
			"caddyrec": map[string]any{"store": map[string]any{"module": "local", "folder": w.store}},
			"http": map[string]any{"servers": map[string]any{"audit": map[string]any{
				"listen": []string{admin + "-audit"},
				"routes": []any{map[string]any{"handle": []any{map[string]any{"handler": "session_replay", "issue_to": map[string]any{"claim": "groups", "values": []string{"sec"}}}}}},
			}}},
		},
	})
	mustNot(t, err)
	mustNot(t, caddy.Load(config, true))
	t.Cleanup(func() { caddy.Stop() })

	// A key, as the gateway that issued it left it in the store.
	id, now := record.NewID(), time.Now().UTC().Truncate(time.Millisecond)
	text, err := json.Marshal(map[string]any{"id": id, "kid": "0a0b0c0d0e0f0102", "sub": "ana", "service": "main", "sessions": []string{"s_1"}, "purpose": "x", "issued": now, "expires": now.Add(time.Hour)})
	mustNot(t, err)
	folder := filepath.Join(w.store, "replay", "keys", "main", now.Format(time.DateOnly))
	mustNot(t, os.MkdirAll(folder, 0o700))
	mustNot(t, os.WriteFile(filepath.Join(folder, id+".json"), text, 0o600))

	rec := func(code int, stderr string, args ...string) {
		t.Helper()
		got, _, errs := runCaddy(t, nil, append([]string{"rec", "keys", "revoke", "--address", admin, "--by", "ops@laptop"}, args...)...)
		if got != code {
			t.Errorf("%q: exit code %d, want %d: %s", args, got, code, errs)
		}
		wantIn(t, errs, stderr)
	}
	rec(2, "there is no such key", record.NewID(), "--why", "lost")
	rec(1, "that is a key, not its id", "crk1.0a0b0c0d0e0f0102.eyJ", "--why", "lost")
	key := "crk1.0a0b0c0d0e0f0102." + strings.Repeat("eyJp", 60) + "." + strings.Repeat("Q", 86)
	rec(0, "Revoked.", id, "--why", "laptop lost, with "+key+" "+strings.Repeat("x", 600))
	rec(0, "Revoked.", id, "--why", "again")
	said, err := os.ReadFile(filepath.Join(w.store, "replay", "revoked", "main", now.Format(time.DateOnly), id+".json"))
	if err != nil || !strings.Contains(string(said), `"why":"laptop lost, with [masked] xx`) || strings.Contains(string(said), "eyJp") || len(said) > 1000 {
		t.Errorf("%v: %s", err, said)
	}
	_, shown, _ := runCaddy(t, nil, "rec", "ls", "--store", w.store, "--type", "key")
	wantIn(t, shown, "key.revoked", id+" for x", "laptop lost")
	_, out, _ := runCaddy(t, nil, "rec", "ls", "--store", w.store, "--type", "key", "--json")
	var r record.Record
	mustNot(t, json.Unmarshal([]byte(out), &r)) // one only
	if r.Type != record.KeyRevoked || r.Key.ID != id || r.Key.By != "ops@laptop" || !strings.HasPrefix(r.Key.Reason, "laptop lost, with [masked] xx") || r.Key.Subject.Subject != "ana" {
		t.Errorf("recorded %s", out)
	}
	_, shown, _ = runCaddy(t, nil, "rec", "show", r.ID, "--store", w.store)
	wantIn(t, shown, "key        "+id, "ops@laptop", "issued to", "laptop lost")
}
