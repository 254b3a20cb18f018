// Package duckdb runs SQL in DuckDB: the npm package @duckdb/node-api, which has
// the engine itself in it.
package duckdb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// Query runs SQL in an empty database and returns the rows of its last
// statement. Integers beyond 32 bits, and what JSON has no type for, are
// strings.
func Query(ctx context.Context, sql string) ([]map[string]any, error) {
	folder, err := install(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "node", "query.mjs")
	cmd.Dir = folder
	cmd.Stdin = strings.NewReader(sql)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("duckdb: %w\n%s", err, problems.String())
	}
	var rows []map[string]any
	for d := json.NewDecoder(&out); ; {
		var row map[string]any
		if err := d.Decode(&row); errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading duckdb's rows: %w", err)
		}
		rows = append(rows, row)
	}
}

var installing sync.Mutex

// install brings in the npm packages that the lock file names, once, and
// returns the folder they are in.
func install(ctx context.Context) (folder string, err error) {
	folder, err = here()
	if err != nil {
		return "", err
	}
	installing.Lock()
	defer installing.Unlock()
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "@duckdb")); err == nil {
		return folder, nil
	}
	// Not npm ci: it wants the engine's builds for all systems in the lock file,
	// and a registry need not have them.
	cmd := exec.CommandContext(ctx, "npm", "install", "--no-save")
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm install: %w\n%s", err, out)
	}
	return folder, nil
}

// here is this package's folder. With -trimpath the compiler does not tell, so
// the module is asked for.
func here() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	if filepath.IsAbs(file) {
		return filepath.Dir(file), nil
	}
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/caddyrec/caddyrec/e2e/duckdb").Output()
	if err != nil {
		return "", fmt.Errorf("finding duckdb's folder: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
