// Package gateway runs Caddy with caddyrec in it as a process of its own, as
// its users do: a Caddyfile, signals, the admin endpoint.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/caddyrec/caddyrec/e2e/calls"
)

// Gateway is one gateway: a folder and an address. It may be started again
// after it has ended, and then finds what it left behind.
//
// In its Caddyfile, {$FOLDER} is the folder and {$ADDRESS} the address; the
// admin endpoint must be at unix/{$FOLDER}/admin.sock for Reload and Admin, and
// the log must go to stderr as JSON, as it does by default.
type Gateway struct {
	// Binary is the Caddy to run.
	Binary string
	// Folder is the gateway's own, for all that it writes. Its name must be
	// short: a socket is in it.
	Folder string
	// Address is where it listens, as host:port.
	Address string
	// Env are further variables, as name=value.
	Env []string
	// Calls, if set, decides on each system call by which the process changes
	// something in Folder.
	Calls calls.Decide

	cmd  *exec.Cmd
	log  *output
	exit chan struct{}
	err  error
}

// FreeAddress returns a loopback address that nobody listens on.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// startTimeout is for a process that hangs, not for one that is slow: a machine
// that stood still for a while must not fail a run of hours.
const startTimeout = 5 * time.Minute

// Start runs the Caddyfile and returns once it is served. If the process ends
// before that, the error has the end of its log.
func (g *Gateway) Start(ctx context.Context, caddyfile string) error {
	if g.running() {
		return errors.New("the gateway runs already")
	}
	config := filepath.Join(g.Folder, "Caddyfile")
	if err := os.WriteFile(config, []byte(caddyfile), 0o600); err != nil {
		return err
	}
	// A socket left by a killed process would keep the next one from it.
	if err := os.Remove(g.socket()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if g.log == nil {
		g.log = new(output)
	}
	served := g.log.watch("serving initial configuration")
	cmd := exec.Command(g.Binary, "run", "--config", config, "--adapter", "caddyfile")
	cmd.Dir = g.Folder
	cmd.Env = append(os.Environ(), append([]string{
		"FOLDER=" + g.Folder, "ADDRESS=" + g.Address,
		"HOME=" + g.Folder, "XDG_DATA_HOME=" + filepath.Join(g.Folder, "data"), "XDG_CONFIG_HOME=" + filepath.Join(g.Folder, "config"),
	}, g.Env...)...)
	cmd.Stdout, cmd.Stderr = g.log, g.log
	start := cmd.Start
	if g.Calls != nil {
		start = func() error { return calls.Start(cmd, g.Folder, g.Calls, g.Binary) }
	}
	if err := start(); err != nil {
		return err
	}
	g.cmd, g.exit = cmd, make(chan struct{})
	go func() {
		g.err = cmd.Wait()
		close(g.exit)
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case <-served:
		return nil
	case <-g.exit:
		return fmt.Errorf("the gateway ended at its start: %w\n%s", g.err, g.log.tail(20))
	case <-ctx.Done():
		g.Kill()
		return fmt.Errorf("the gateway did not serve in time\n%s", g.log.tail(20))
	}
}

func (g *Gateway) running() bool {
	if g.cmd == nil {
		return false
	}
	select {
	case <-g.exit:
		return false
	default:
		return true
	}
}

// Stop asks the process to end and waits until it has.
func (g *Gateway) Stop() error {
	if !g.running() {
		return nil
	}
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-g.exit:
	case <-time.After(startTimeout):
		g.Kill()
		return fmt.Errorf("the gateway did not stop in time\n%s", g.log.tail(20))
	}
	if g.err != nil {
		return fmt.Errorf("the gateway stopped badly: %w\n%s", g.err, g.log.tail(20))
	}
	return nil
}

// Kill ends the process at once, as kill -9 does.
func (g *Gateway) Kill() {
	if g.running() {
		g.cmd.Process.Kill()
		<-g.exit
	}
}

// Pid is the process's id.
func (g *Gateway) Pid() int { return g.cmd.Process.Pid }

// Log is all that the process wrote to stdout and stderr, over all its starts.
func (g *Gateway) Log() string { return g.log.String() }

// Logged returns a channel that is closed once the process logs a text, from now
// on.
func (g *Gateway) Logged(text string) <-chan struct{} { return g.log.watch(text) }

// Store is the folder that the Caddyfiles of these tests name as the store.
func (g *Gateway) Store() string { return filepath.Join(g.Folder, "store") }

// Command runs a subcommand of the same binary and returns what it printed.
func (g *Gateway) Command(ctx context.Context, args ...string) (stdout, stderr string, err error) {
	cmd := exec.CommandContext(ctx, g.Binary, args...)
	cmd.Dir = g.Folder
	cmd.Env = append(os.Environ(), "HOME="+g.Folder, "XDG_DATA_HOME="+filepath.Join(g.Folder, "data"))
	cmd.Env = append(cmd.Env, g.Env...)
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	err = cmd.Run()
	return out.String(), problems.String(), err
}

// Reload gives the running process another Caddyfile, which must differ from the
// one before and let Caddy log at its usual level. It returns once the admin
// endpoint of the one before is gone: Caddy drops a connection now and then that
// comes while both have the socket, without an answer.
func (g *Gateway) Reload(ctx context.Context, caddyfile string) error {
	gone := g.log.watch("stopped previous server")
	body, err := g.Admin(ctx, http.MethodPost, "/load", caddyfile)
	if err != nil {
		return fmt.Errorf("reloading: %w: %s", err, body)
	}
	select {
	case <-gone:
		return nil
	case <-g.exit:
		return fmt.Errorf("the gateway ended at a reload: %w", g.err)
	case <-ctx.Done():
		return fmt.Errorf("waiting for the previous admin endpoint to end: %w", ctx.Err())
	}
}

// Admin asks the admin endpoint. An answer that is not 2xx is an error.
func (g *Gateway) Admin(ctx context.Context, method, path, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://127.0.0.1"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "text/caddyfile")
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", g.socket())
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode/100 != 2 {
		return string(text), fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	return string(text), nil
}

func (g *Gateway) socket() string { return filepath.Join(g.Folder, "admin.sock") }
