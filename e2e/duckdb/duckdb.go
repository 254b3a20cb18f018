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
	"os/exec"
	"strings"

	"github.com/caddyrec/caddyrec/e2e/npm"
)

// Query runs SQL in an empty database and returns the rows of its last
// statement. Integers beyond 32 bits, and what JSON has no type for, are
// strings.
func Query(ctx context.Context, sql string) ([]map[string]any, error) {
	// Not npm ci: it wants the engine's builds for all systems in the lock file,
	// and a registry need not have them.
	folder, err := npm.Install(ctx, "duckdb", "@duckdb", "install", "--no-save")
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
