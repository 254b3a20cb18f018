package caddyrec

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layers are the packages below caddyrec/, each with the project's packages it
// may import. What is not listed is not allowed, so that imports only ever
// point down.
var layers = map[string][]string{
	"jsonscan":            {},
	"jsonscan/jsontest":   {},
	"record":              {},
	"storage":             {},
	"storage/local":       {"storage"},
	"storage/gcs":         {"storage"},
	"storage/gcs/gcstest": {},
	"storage/spool":       {"storage"},
	"storage/storagetest": {"storage"},
	"schema":              {"jsonscan"},
	"schema/openapi":      {"schema", "jsonscan"},
	"masking":             {"jsonscan"},
	"identity":            {"jsonscan"},
	"ledger":              {"storage", "record", "jsonscan"},
	"encryption":          {"record"},
	"approval":            {"storage", "record", "jsonscan"},
	"replay/frames":       {"ledger", "record"},
	"replay/replaytest":   {"ledger", "storage/local"},
	"replay/watch":        {"replay/frames", "record"},
	"replay/provision":    {"storage", "record", "jsonscan"},
	"exchange":            {"schema", "masking", "record", "jsonscan"},
	"replay/compare":      {"masking", "record", "jsonscan"},
	"replay/rerun":        {"replay/compare", "storage", "masking", "record", "jsonscan"},
}

func TestImportsPointDownAndCaddyStaysOnTop(t *testing.T) {
	const module = "github.com/caddyrec/caddyrec/"
	seen := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		if d.IsDir() {
			switch path {
			case "caddyrec", "cmd", "e2e", "tools", "docs", ".git":
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		if !strings.Contains(path, "/") {
			if path != "imports.go" && path != "layering_test.go" {
				t.Errorf("%s: beside imports.go there is only this test", path)
			}
			return nil
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		allowed, known := layers[dir]
		if !known {
			t.Errorf("%s: package %s has no place in the layers", path, dir)
			return nil
		}
		seen++
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			name := strings.Trim(spec.Path.Value, `"`)
			if strings.HasPrefix(name, "github.com/caddyserver/") {
				t.Errorf("%s imports Caddy: only caddyrec/, cmd/ and imports.go may", path)
			}
			ours, ok := strings.CutPrefix(name, module)
			if !ok || ours == dir || strings.HasSuffix(path, "_test.go") {
				continue // a test may use its neighbours
			}
			if !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, which is not below it", path, ours)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Errorf("only %d files were looked at", seen)
	}
}
