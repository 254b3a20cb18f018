// Package provider runs a real OpenID provider on loopback: the npm package
// oidc-provider, which is certified, with fixed clients and accounts.
//
// See server.mjs for who may log in and which APIs tokens can be asked for.
package provider

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/e2e/npm"
)

// Provider is one provider: an address and keys. It may be stopped and started
// again, and is then the same one, as after an outage.
type Provider struct {
	// Issuer is the provider's issuer identifier, known once it has started.
	Issuer string

	keys string
	port string
	cmd  *exec.Cmd
	life io.Closer // the process's stdin: it ends with it
	exit chan error
}

// startTimeout bounds a start: a cold Node takes a second or two.
const startTimeout = time.Minute

// New returns a provider that keeps its keys in dir. It is not started.
func New(dir string) *Provider {
	return &Provider{keys: filepath.Join(dir, "provider-keys.json"), port: "0"}
}

// Start starts the provider and returns once it listens.
func (p *Provider) Start(ctx context.Context) error {
	if p.cmd != nil {
		return errors.New("the provider runs already")
	}
	folder, err := npm.Install(ctx, "provider", "oidc-provider", "ci")
	if err != nil {
		return err
	}
	cmd := exec.Command("node", "server.mjs", "--port", p.port, "--keys", p.keys)
	cmd.Dir = folder
	var problems bytes.Buffer
	cmd.Stderr = &problems
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting node: %w", err)
	}
	ready := make(chan string, 1)
	exit := make(chan error, 1)
	go func() {
		line, _ := bufio.NewReader(stdout).ReadString('\n')
		ready <- strings.TrimSpace(line)
		io.Copy(io.Discard, stdout)
		exit <- cmd.Wait()
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case issuer := <-ready:
		if issuer == "" {
			return fmt.Errorf("the provider ended before it was ready: %w\n%s", <-exit, problems.String())
		}
		p.Issuer = issuer
	case <-ctx.Done():
		stdin.Close()
		return fmt.Errorf("the provider was not ready in time: %w", ctx.Err())
	}
	u, err := url.Parse(p.Issuer)
	if err != nil {
		return err
	}
	_, p.port, err = net.SplitHostPort(u.Host)
	if err != nil {
		return err
	}
	p.cmd, p.life, p.exit = cmd, stdin, exit
	return nil
}

// Stop ends the provider. Afterwards its address refuses connections.
func (p *Provider) Stop() error {
	if p.cmd == nil {
		return nil
	}
	p.life.Close()
	err := <-p.exit
	p.cmd = nil
	return err
}

// Rotate replaces the provider's signing keys. The old ones are gone at once.
func (p *Provider) Rotate(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Issuer+"/test/rotate", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		return fmt.Errorf("rotating the provider's keys: %s", res.Status)
	}
	return nil
}
