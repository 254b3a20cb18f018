package caddyrec

import (
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
)

func TestAConfigurationThatDoesNotComeIntoForceLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	configured := func(retain time.Duration, keys ...string) *App {
		a := appAt(t, dir, &Mask{Keys: keys})
		a.Retain = caddy.Duration(retain)
		return a
	}
	inLog := func() string { text, _ := LogMasking().Query("flavour=vanilla"); return text }

	old := configured(48*time.Hour, "flavour")
	if err := old.Start(); err != nil {
		t.Fatal(err)
	}
	g, err := old.open()
	if err != nil {
		t.Fatal(err)
	}
	// The next configuration starts, but something else in it does not, so Caddy
	// cleans it up.
	failed := configured(24 * time.Hour)
	if err := failed.Start(); err != nil {
		t.Fatal(err)
	}
	if got := g.terms.get().retain; got != 24*time.Hour {
		t.Errorf("while both are there records are kept for %v", got)
	}
	if got := inLog(); got != "flavour=vanilla" {
		t.Errorf("while both are there the log has %s", got)
	}
	if err := failed.Cleanup(); err != nil {
		t.Fatal(err)
	}
	if got := g.terms.get().retain; got != 48*time.Hour {
		t.Errorf("records are kept for %v, as nobody configured", got)
	}
	if got := inLog(); got == "flavour=vanilla" {
		t.Error("what the configuration in force calls secret is in the log")
	}

	// One that takes over does.
	next := configured(72 * time.Hour)
	if err := next.Start(); err != nil {
		t.Fatal(err)
	}
	if err := old.Cleanup(); err != nil {
		t.Fatal(err)
	}
	if got := g.terms.get().retain; got != 72*time.Hour {
		t.Errorf("records are kept for %v", got)
	}
	if got := inLog(); got != "flavour=vanilla" {
		t.Errorf("the log has %s", got)
	}
}
