package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	_ "github.com/caddyrec/caddyrec/caddyrec"
	_ "github.com/caddyrec/caddyrec/caddyrec/localstore"
	"github.com/caddyrec/caddyrec/record"
)

// runGateway runs a gateway in this process, on a store with one old sealed
// segment for each of some days, and gives its admin endpoint.
func runGateway(t *testing.T, days int) (w *world, admin string) {
	t.Helper()
	w = newWorld(t)
	for day := range days {
		if day > 0 {
			w.open()
		}
		w.next = 0
		for range 2 {
			w.commit(record.GatewayStarted, func(r *record.Record) {
				r.Time = record.Time{Time: began.AddDate(0, 0, day-100).Add(time.Duration(w.next) * time.Minute)}
			})
		}
		w.close()
	}
	w.seal()
	w.sealed(days)
	admin = ownPlaces(t)
	config, err := json.Marshal(map[string]any{
		"admin":   map[string]any{"listen": admin, "config": map[string]any{"persist": false}},
		"logging": map[string]any{"logs": map[string]any{"default": map[string]any{"writer": map[string]any{"output": "discard"}}}},
		"apps":    map[string]any{"caddyrec": map[string]any{"store": map[string]any{"module": "local", "folder": w.store}}},
	})
	mustNot(t, err)
	mustNot(t, caddy.Load(config, true))
	t.Cleanup(func() { caddy.Stop() })
	return w, admin
}

func TestHoldsAndPurgesByTheCommands(t *testing.T) {
	w, admin := runGateway(t, 4)
	first := began.AddDate(0, 0, -100)
	at := func(day int) string { return first.AddDate(0, 0, day).Add(-time.Hour).Format(time.RFC3339) }
	rec := func(code int, stdout, stderr string, args ...string) string {
		t.Helper()
		args = append([]string{"rec"}, args...)
		got, out, errs := runCaddy(t, nil, args...)
		if got != code {
			t.Errorf("%q: exit code %d, want %d", args, got, code)
		}
		wantIn(t, out, stdout)
		wantIn(t, errs, stderr)
		return out
	}
	here := func(args ...string) []string { return append(args, "--address", admin, "--why", "a test") }

	rec(1, "", "ends before it begins", here("hold", "--from", at(2), "--until", at(1))...)
	rec(2, "", "no such hold", here("release", "019a6f3e-7c00-7000-8000-3f6cd1a1b2c3")...)
	rec(1, "", "no gateway answers", "purge", "--before", at(1), "--why", "x", "--address", "unix/"+filepath.Join(t.TempDir(), "none"))
	out := rec(0, `"hold":`, "", here("hold", "--from", at(1), "--until", at(2), "--json")...)
	var held struct{ Hold string }
	mustNot(t, json.Unmarshal([]byte(out), &held))
	rec(0, "in force", "", "holds", "--store", w.store)

	rec(0, "would be purged", "", here("purge", "--before", at(1), "--dry-run")...)
	// Something has to stay: with and without --json the answer is no.
	rec(2, "hold "+held.Hold, "1 of 2 segments stay", here("purge", "--before", at(2), "--dry-run")...)
	rec(2, `"kind":"held"`, "1 of 2 segments stay", here("purge", "--before", at(2), "--json")...)
	rec(0, "", "Released", here("release", held.Hold)...)
	rec(0, `"records":2`, "", here("purge", "--before", at(2), "--json")...)
	rec(0, `{"segments":[]}`, "", here("purge", "--before", at(2), "--json")...)
	rec(2, "", "records 0 to 1 were purged", "proof", "1", "--store", w.store, "-o", filepath.Join(t.TempDir(), "p"))
	rec(0, "Intact", "", "verify", w.store)
}

func TestTheGatewayIsAskedWhereItsConfigurationSays(t *testing.T) {
	w, admin := runGateway(t, 1)
	config := filepath.Join(t.TempDir(), "Caddyfile")
	text := "{\n\tadmin " + admin + "\n\tcaddyrec {\n\t\tstore local " + filepath.ToSlash(w.store) + "\n\t}\n}\n"
	mustNot(t, os.WriteFile(config, []byte(text), 0o600))
	for said, args := range map[string][]string{
		"Held: all records, whatever their age. To release them: caddy rec release ":     {"hold", "--config", config, "--why", "x"},
		"Held: all records from 2026-03-01T00:00:00Z until 2026-04-01T00:00:00Z, whatev": {"hold", "--config", config, "--why", "x", "--from", "2026-03-01T00:00:00Z", "--until", "2026-04-01T00:00:00Z"},
		"signed with the new key":   {"keys", "rotate", "--config", config},
		"no gateway answers":        {"hold", "--config", config, "--why", "x", "--address", "unix/" + config},
		"reading the configuration": {"hold", "--config", config + "x", "--why", "x"},
	} {
		if _, _, errs := runCaddy(t, nil, append([]string{"rec"}, args...)...); !strings.Contains(errs, said) {
			t.Errorf("%q: it says %q", args, errs)
		}
	}
}

func TestAnAnswerIsReadBeforeItIsTakenForNone(t *testing.T) {
	said := `{"segments":[],"error":"dial tcp 192.0.2.1:443: connect: connection refused"}`
	status, body, err := answerIn(errors.New("caddy responded with error: HTTP 500: "+said), "localhost:2019")
	if err != nil || status != 500 || string(body) != said {
		t.Errorf("%d %s %v", status, body, err)
	}
	if err := refused(status, body); err == nil || !strings.Contains(err.Error(), "192.0.2.1") || codeOf(err) != codeFailed {
		t.Errorf("got %v", err)
	}
	if _, _, err := answerIn(errors.New("performing request: dial tcp: connect: connection refused"), "localhost:2019"); err == nil || !strings.Contains(err.Error(), "no gateway answers at its admin endpoint localhost:2019") {
		t.Errorf("got %v", err)
	}
	if err := refused(404, []byte("404 page not found")); codeOf(err) != codeFailed {
		t.Errorf("a Caddy without caddyrec: %v", err)
	}
}
