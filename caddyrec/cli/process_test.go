package cli

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/caddyrec/caddyrec/caddyrec/sessionrecord"
)

// process is a gateway that is a process of its own. It answers each request
// with a secret.
type process struct {
	t                 *testing.T
	cmd               *exec.Cmd
	store, url, admin string
	ended             chan struct{}
}

const (
	askedFor = `{"note":"sent-canary","password":"sent-canary"}`
	answered = `{"note":"plain-canary-back","token":"masked-canary-back"}`
)

func startProcess(t *testing.T, contents, originals string) *process {
	t.Helper()
	admin := ownPlaces(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	mustNot(t, err)
	address := free.Addr().String()
	free.Close()
	p := &process{t: t, store: filepath.Join(t.TempDir(), "store"), url: "http://" + address, admin: admin, ended: make(chan struct{})}
	config, err := json.Marshal(map[string]any{
		"admin":   map[string]any{"listen": p.admin, "config": map[string]any{"persist": false}},
		"logging": map[string]any{"logs": map[string]any{"default": map[string]any{"level": "DEBUG"}}},
		"apps": map[string]any{
			"caddyrec": map[string]any{
				"store": map[string]any{"module": "local", "folder": p.store}, "encrypt_to": []string{contents},
				"originals": map[string]any{"to": []string{originals}},
			},
			"http": map[string]any{"servers": map[string]any{"s": map[string]any{
				"listen": []string{address},
				"routes": []any{map[string]any{"handle": []any{
					map[string]any{"handler": "session_record"},
					map[string]any{"handler": "static_response", "body": answered, "headers": map[string]any{"Content-Type": []string{"application/json"}}},
				}}},
			}}},
		},
	})
	mustNot(t, err)
	file := filepath.Join(t.TempDir(), "caddy.json")
	mustNot(t, os.WriteFile(file, config, 0o600))
	exe, err := os.Executable()
	mustNot(t, err)
	log, err := os.Create(filepath.Join(t.TempDir(), "caddy.log"))
	mustNot(t, err)
	ready, err := net.Listen("tcp", "127.0.0.1:0")
	mustNot(t, err)
	defer ready.Close()
	p.cmd = exec.Command(exe, "run", "--config", file, "--pingback", ready.Addr().String())
	p.cmd.Env = append(os.Environ(), beCaddy+"=1")
	p.cmd.Stdout, p.cmd.Stderr = log, log
	mustNot(t, p.cmd.Start())
	go func() {
		p.cmd.Wait()
		ready.Close() // it will not call any more
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		log.Close()
		text, err := os.ReadFile(log.Name())
		mustNot(t, err)
		if bytes.Contains(text, []byte("sent-canary")) { // the answer is in the configuration that Caddy logs
			t.Errorf("Caddy's log has a body: %s", text)
		}
		if t.Failed() {
			t.Logf("%s", text)
		}
	})
	called, err := ready.Accept() // as Caddy does for caddy start, once it serves
	if err != nil {
		t.Fatal("the gateway does not start")
	}
	called.Close()
	resp, err := http.Get(p.url + "/")
	mustNot(t, err)
	resp.Body.Close()
	return p
}

// ownPlaces keeps Caddy's files to the test, and returns an address of its own
// for the admin endpoint.
func ownPlaces(t *testing.T) (admin string) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("XDG_DATA_HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	socket, err := os.MkdirTemp("", "rec") // a socket's path must be short
	mustNot(t, err)
	t.Cleanup(func() { os.RemoveAll(socket) })
	return "unix/" + filepath.Join(socket, "admin")
}

func (p *process) post() {
	p.t.Helper()
	resp, err := http.Post(p.url+"/", "application/json", strings.NewReader(askedFor))
	mustNot(p.t, err)
	resp.Body.Close()
	if resp.StatusCode != 200 {
		p.t.Fatalf("got %d", resp.StatusCode)
	}
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// isNowhere looks into each file of the store.
func (p *process) isNowhere(text string) {
	p.t.Helper()
	files := 0
	mustNot(p.t, filepath.WalkDir(p.store, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		all, err := os.ReadFile(name)
		if bytes.Contains(all, []byte(text)) {
			p.t.Errorf("%s holds %s", name, text)
		}
		return err
	}))
	if files < 6 {
		p.t.Errorf("only %d files", files)
	}
}
