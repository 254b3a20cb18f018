package pages_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddyrec/caddyrec"
)

var fence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

// blocks are a page's code blocks in one language.
func blocks(t *testing.T, name, language string) (found []string) {
	t.Helper()
	for _, m := range fence.FindAllStringSubmatch(page(t, name), -1) {
		if m[1] == language {
			found = append(found, m[2])
		}
	}
	return found
}

// formatted adapts a Caddyfile that caddy fmt would leave as it is.
func formatted(t *testing.T, where, text string) []byte {
	t.Helper()
	if clean := caddyfile.Format([]byte(text)); strings.TrimSpace(string(clean)) != strings.TrimSpace(text) {
		t.Errorf("%s is not as caddy fmt writes it:\n%s", where, clean)
	}
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		t.Errorf("%s does not adapt: %v", where, err)
	}
	return config
}

func valid(t *testing.T, where string, config []byte) {
	t.Helper()
	c := new(caddy.Config)
	if err := json.Unmarshal(config, c); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if err := caddy.Validate(c); err != nil {
		t.Errorf("%s is not valid: %v", where, err)
	}
}

func TestCaddyfilesInTheDocsAreFormattedAndAdapt(t *testing.T) {
	n := 0
	for _, name := range pages(t) {
		for i, text := range blocks(t, name, "caddyfile") {
			formatted(t, fmt.Sprintf("%s, Caddyfile %d", name, i+1), text)
			n++
		}
	}
	if n < 6 {
		t.Errorf("only %d Caddyfiles were found", n)
	}
	formatted(t, "Caddyfile.example", page(t, "Caddyfile.example"))
}

func TestTheExamplesRunAsTheyStand(t *testing.T) {
	found, err := filepath.Glob("examples/*/Caddyfile")
	if err != nil || len(found) < 4 {
		t.Fatalf("%v %v", found, err)
	}
	for _, name := range found {
		t.Run(filepath.Base(filepath.Dir(name)), func(t *testing.T) {
			text := page(t, name)
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), "README.md")); err != nil {
				t.Error("the example has no story")
			}
			t.Chdir(filepath.Dir(name))
			valid(t, name, formatted(t, name, text))
		})
	}
}

func TestTheReadmesCaddyfileRunsBesideTheExamplesFiles(t *testing.T) {
	all := blocks(t, "README.md", "caddyfile")
	if len(all) != 1 {
		t.Fatalf("%d Caddyfiles", len(all))
	}
	t.Chdir("examples/orders")
	valid(t, "README.md", formatted(t, "README.md", all[0]))
}
