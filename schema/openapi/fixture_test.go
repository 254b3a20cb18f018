package openapi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/schema"
)

// folderOf writes files into a new folder.
func folderOf(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// described loads a description of one file.
func described(t testing.TB, text string) *Document {
	t.Helper()
	d, err := Load(filepath.Join(folderOf(t, map[string]string{"api.yaml": text}), "api.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// withPaths is a description of version 3.0 with these paths.
func withPaths(paths string) string {
	return "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n" + indent(paths)
}

// withPaths31 is one of version 3.1.
func withPaths31(paths string) string {
	return strings.Replace(withPaths(paths), "3.0.3", "3.1.0", 1)
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n"
}

func loaded(t testing.TB, name string) *Document {
	t.Helper()
	d, err := Load(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func operation(t testing.TB, d *Document, method, path string) (*Operation, []Param) {
	t.Helper()
	op, params, found := d.Find(method, path)
	if found != Yes {
		t.Fatalf("%s %s was not found: %d", method, path, found)
	}
	return op, params
}

// valid says whether a body satisfies a schema.
func valid(t testing.TB, s *schema.Schema, body string) bool {
	t.Helper()
	if s == nil {
		t.Fatal("no schema")
	}
	faults, err := s.Validate([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return len(faults) == 0
}

// told are faults as one text.
func told(faults []schema.Fault) string {
	var all []string
	for _, f := range faults {
		all = append(all, f.Pointer+" "+f.Keyword)
	}
	return strings.Join(all, ", ")
}
