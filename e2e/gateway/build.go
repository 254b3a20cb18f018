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
	root, err := Root(ctx)
	if err != nil {
		return "", err
	}
	binary = filepath.Join(dir, "caddy")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/caddy")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/caddy: %w\n%s", err, out)
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
