package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestALogIsFoundInItsStoreAndOnItsOwn(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	moved := filepath.Join(t.TempDir(), "evidence")
	mustNot(t, os.CopyFS(moved, os.DirFS(w.dir())))
	for _, p := range []struct {
		place
		path []string
		dir  string
	}{
		{place{store: w.store}, nil, w.dir()},
		{place{store: w.store, log: "main"}, nil, w.dir()},
		{place{store: w.dir()}, nil, w.dir()},
		{place{}, []string{w.store}, w.dir()},
		{place{}, []string{moved}, moved},
		{place{log: "main"}, []string{moved}, moved},
	} {
		src, err := p.find(p.path)
		mustNot(t, err)
		if src.dir != p.dir || src.log != "main" {
			t.Errorf("%+v: log %s in %s", p, src.log, src.dir)
		}
	}
}

func TestWhatIsNoLogIsSaidToBeNone(t *testing.T) {
	w := newWorld(t)
	empty, file := t.TempDir(), filepath.Join(t.TempDir(), "x")
	mustNot(t, os.WriteFile(file, nil, 0o600))
	for _, c := range []struct {
		place
		path []string
		want string
	}{
		{place{store: empty}, nil, "holds no records"},
		{place{store: filepath.Join(empty, "none")}, nil, "no such folder"},
		{place{store: file}, nil, "is a file"},
		{place{store: w.store, log: "orders"}, nil, "no log orders; it has main"},
		{place{store: w.dir(), log: "orders"}, nil, "leave out --log"},
		{place{store: w.store}, []string{w.store}, "say one"},
		{place{store: w.store, config: "Caddyfile"}, nil, "say one"},
		{place{config: filepath.Join(empty, "Caddyfile")}, nil, "reading the configuration"},
	} {
		if _, err := c.find(c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.place, err, c.want)
		}
	}
}

func TestStoreAndLogComeFromAConfiguration(t *testing.T) {
	t.Setenv("CADDYREC_TEST_STORE", "/srv/records")
	t.Setenv("XDG_DATA_HOME", "/data")
	for _, c := range []struct{ name, text, store, log, fault string }{
		{"Caddyfile", "{\n\tcaddyrec {\n\t\tstore local /var/lib/x\n\t\tlog orders\n\t}\n}\n", "/var/lib/x", "orders", ""},
		{"Caddyfile", "{\n\tcaddyrec {\n\t\tstore local {$CADDYREC_TEST_STORE}\n\t}\n}\n", "/srv/records", "", ""},
		{"site.conf", "{\n\tcaddyrec {\n\t\tstore local {env.CADDYREC_TEST_STORE}/a\n\t}\n}\n", "/srv/records/a", "", ""},
		{"caddy.json", `{"apps":{"caddyrec":{"store":{"module":"local","folder":"/j"},"log":"l"}}}`, "/j", "l", ""},
		{"caddy.json", `{"apps":{"caddyrec":{}}}`, filepath.Join("/data", "caddy", "caddyrec"), "", ""},
		{"Caddyfile", ":8080\n", filepath.Join("/data", "caddy", "caddyrec"), "", ""},
		{"caddy.json", `{"apps":{"caddyrec":{"store":{"module":"gcs"}}}}`, "", "", "no bucket's name"},
		{"caddy.json", `{"apps":{"caddyrec":{"store":{"module":"tape"}}}}`, "", "", "no store of kind"},
		{"Caddyfile", "{\n\tcaddyrec {\n\t\tstore local {env.CADDYREC_TEST_UNSET}\n\t}\n}\n", "", "", "CADDYREC_TEST_UNSET"},
		{"Caddyfile", "{\n\tcaddyrec {\n\t\tstroe x\n\t}\n}\n", "", "", "stroe"},
		{"caddy.json", `{`, "", "", "not a Caddy configuration"},
	} {
		name := filepath.Join(t.TempDir(), c.name)
		mustNot(t, os.WriteFile(name, []byte(c.text), 0o600))
		got, err := readConfig(name)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%s: %v, want %q", c.text, err, c.fault)
			}
			continue
		}
		if err != nil || got.store != c.store || got.log != c.log {
			t.Errorf("%s: %+v, %v", c.text, got, err)
		}
	}
}
