// Package e2e holds the end-to-end tests: a real gateway process, a real
// OpenID provider, real sockets.
package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/gateway"
	"github.com/caddyrec/caddyrec/e2e/provider"
)

// tests are what this run's tests have in common.
var tests *gateway.Run

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if tests, err = gateway.NewRun("e2e"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer tests.End()
	defer stopIssuer()
	return m.Run()
}

var (
	startIssuer sync.Once
	shared      *provider.Provider
	sharedErr   error
)

// issuer is the provider that tests share. One that stops it, or changes its
// keys, starts its own.
func issuer(t *testing.T) *provider.Provider {
	t.Helper()
	startIssuer.Do(func() {
		shared = provider.New(tests.Folder)
		sharedErr = shared.Start(context.Background())
	})
	if sharedErr != nil {
		t.Fatal(sharedErr)
	}
	return shared
}

func stopIssuer() {
	if shared == nil {
		return
	}
	if err := shared.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// ownIssuer is a provider of the test's own, not started.
func ownIssuer(t *testing.T) *provider.Provider {
	t.Helper()
	p := provider.New(t.TempDir())
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// write puts a file into the test's own folder, which the gateway does not
// write to.
func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
