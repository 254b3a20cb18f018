package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddyrec/caddyrec/caddyrec/jitapproval"
	_ "github.com/caddyrec/caddyrec/caddyrec/jsonmatch"
	_ "github.com/caddyrec/caddyrec/caddyrec/localstore"
	_ "github.com/caddyrec/caddyrec/caddyrec/oidcauth"
	_ "github.com/caddyrec/caddyrec/caddyrec/schemaguard"
	_ "github.com/caddyrec/caddyrec/caddyrec/sessionrecord"
)

// asProcess has this binary run the demo instead of its tests.
const asProcess = "CADDYREC_TEST_RUN_DEMO"

func TestMain(m *testing.M) {
	if os.Getenv(asProcess) == "" {
		os.Exit(m.Run())
	}
	if err := Run(context.Background(), Options{Once: true, Out: os.Stdout}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestNothingButTheStoryIsOnTheScreen(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asProcess+"=1", "XDG_DATA_HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	var screen bytes.Buffer
	cmd.Stderr = &screen
	if err := cmd.Run(); err != nil || screen.Len() > 0 {
		t.Errorf("%v\n%s", err, &screen)
	}
}

func TestTheStoryIsAsToldAndFitsOneScreen(t *testing.T) {
	// What somebody who runs caddy run --resume on this machine relies on.
	saved := caddy.ConfigAutosavePath
	t.Cleanup(func() { caddy.ConfigAutosavePath = saved })
	caddy.ConfigAutosavePath = filepath.Join(t.TempDir(), "autosave.json")
	var out bytes.Buffer
	if err := Run(context.Background(), Options{Once: true, Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
	if n := strings.Count(out.String(), "\n"); n > 48 {
		t.Errorf("the story has %d lines", n)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("colours where there is no terminal")
	}
	if _, err := os.Stat(caddy.ConfigAutosavePath); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the demo's configuration is saved for caddy run --resume: %v", err)
	}
}
