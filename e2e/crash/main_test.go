// Package crash holds the crash harness: a real gateway process under load is
// killed, again and again, and what it acknowledged is held against what is
// there.
package crash

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/calls"
	"github.com/caddyrec/caddyrec/e2e/gateway"
)

// rounds is how often the gateway is killed: `make crash` says 10000.
var rounds = flag.Int("rounds", 300, "how often the gateway is killed")

// cuts is how often its power is cut.
var cuts = flag.Int("powercuts", 100, "how often the power is cut")

// tests are what this run's tests have in common.
var tests *gateway.Run

func TestMain(m *testing.M) {
	calls.Launch()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if tests, err = gateway.NewRun("crash"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer tests.End()
	return m.Run()
}
