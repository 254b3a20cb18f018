// Package npm brings in npm packages for the packages of e2e that run them.
package npm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

var installing sync.Mutex

// Install runs npm with args, once, in the folder of the package e2e/<dir>, which
// it returns. It is done when the folder has the npm package named.
func Install(ctx context.Context, dir, named string, args ...string) (folder string, err error) {
	// Not by runtime.Caller: with -trimpath the compiler does not tell.
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "github.com/caddyrec/caddyrec/e2e/"+dir).Output()
	if err != nil {
		return "", fmt.Errorf("finding the folder of e2e/%s: %w", dir, err)
	}
	folder = strings.TrimSpace(string(out))
	installing.Lock()
	defer installing.Unlock()
	if _, err := os.Stat(filepath.Join(folder, "node_modules", named)); err == nil {
		return folder, nil
	}
	cmd := exec.CommandContext(ctx, "npm", args...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return folder, nil
}
