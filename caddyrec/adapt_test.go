package caddyrec_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddyrec/caddyrec"
)

var update = flag.Bool("update", false, "write what the Caddyfiles in testdata/adapt adapt to")

const divider = "\n----------\n"

// A fixture is a Caddyfile, a line of dashes, and the JSON that it adapts to;
// or, for bad input, the error that it is refused with.
func TestCaddyfilesAdaptAsTheFixturesSay(t *testing.T) {
	names, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	if err != nil || len(names) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".caddyfiletest"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			input, want, found := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), divider)
			if !found && !*update {
				t.Fatalf("%s has no line of dashes", name)
			}
			got := adapt(t, input+"\n")
			if *update {
				if err := os.WriteFile(name, []byte(strings.TrimRight(input, "\n")+divider+got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want = strings.TrimSpace(want); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

var fileAndLine = regexp.MustCompile(`\bCaddyfile:\d+`)

// adapt returns indented JSON or, after "error: ", why there is none.
func adapt(t *testing.T, input string) string {
	t.Helper()
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(input), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		if !fileAndLine.MatchString(err.Error()) {
			t.Errorf("the error names no file and line: %v", err)
		}
		return "error: " + err.Error()
	}
	for _, w := range warnings {
		t.Errorf("warning: %s", w)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, config, "", "\t"); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
