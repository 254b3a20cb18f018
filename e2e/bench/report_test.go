//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAReportReplacesItsOwnSectionAndNothingElse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "benchmarks.md")
	if err := replaceSection(file, "first\n"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append([]byte("before\n"), append(text, "after\n"...)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replaceSection(file, "second\n"); err != nil {
		t.Fatal(err)
	}
	text, err = os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	if strings.Contains(got, "first") || !strings.Contains(got, "second") || !strings.HasPrefix(got, "before\n") || !strings.HasSuffix(got, "after\n") {
		t.Errorf("the file is\n%s", got)
	}
	if err := os.WriteFile(file, []byte("no section"), 0o600); err != nil {
		t.Fatal(err)
	}
	if replaceSection(file, "third\n") == nil {
		t.Error("a file without the section is written to")
	}
}

func TestFiguresAreMediansAndRatiosOfTheSameRound(t *testing.T) {
	chain, plain := &target{name: chainName}, &target{name: plainName}
	r := newResults([]*target{plain, chain}, machine{}, options{rounds: 3})
	for n, perSecond := range []float64{1000, 4000, 2000} {
		r.add(plain, 16, measurement{perSecond: perSecond, p50: time.Duration(n)})
		r.add(chain, 16, measurement{perSecond: perSecond * 0.8})
	}
	if got := r.middle(plainName, 16).perSecond; got != 2000 {
		t.Errorf("plain Caddy's median is %v", got)
	}
	if got := r.ratio(chainName, 16); got != 0.8 {
		t.Errorf("the ratio is %v, want 0.8", got)
	}
}
