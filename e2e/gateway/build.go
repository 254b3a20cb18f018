package gateway

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build builds Caddy with caddyrec in it into dir and returns the binary's
// name.
func Build(ctx context.Context, dir string) (binary string, err error) {
	return BuildCommand(ctx, dir, "caddy")
}

// BuildCommand builds the command of that name from the module's cmd folder into
// dir and returns the binary's name.
func BuildCommand(ctx context.Context, dir, name string) (binary string, err error) {
	root, err := Root(ctx)
	if err != nil {
		return "", err
	}
	binary = filepath.Join(dir, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/"+name)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/%s: %w\n%s", name, err, out)
	}
	return binary, nil
}

// Root is the folder of the module under test.
func Root(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/caddyrec/caddyrec").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module under test: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
