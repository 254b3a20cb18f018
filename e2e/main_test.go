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
	"time"

	"github.com/caddyrec/caddyrec/e2e/gateway"
	"github.com/caddyrec/caddyrec/e2e/provider"
)

// scratch is the run's folder. Its name is short: sockets are below it.
var scratch string

// binary is the gateway under test.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "e2e"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	if binary, err = gateway.Build(context.Background(), scratch); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
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
		shared = provider.New(scratch)
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

// patience is how long a condition may take to come about.
const patience = 30 * time.Second

// eventually waits until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s it is still not so: %s", patience, what)
		}
	}
}

// within waits for a value, but not for ever.
func within[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("after %s there is still no %s", patience, what)
		panic("unreachable")
	}
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
