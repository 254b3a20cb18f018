//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == upstreamArg {
		serveUpstream()
		return
	}
	os.Exit(m.Run())
}

func TestARunMeasuresEveryGateway(t *testing.T) {
	file := filepath.Join(t.TempDir(), "benchmarks.md")
	if err := run(t.Context(), options{rounds: 1, seconds: 1, out: file}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{plainName, chainName, recordsName, syncsName} {
		if n := strings.Count(string(text), "| "+name+" |"); n != len(loads) {
			t.Errorf("%s is in %d tables of %d:\n%s", name, n, len(loads), text)
		}
	}
}
