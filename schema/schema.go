// Package schema loads JSON Schemas (drafts 4, 6, 7, 2019-09 and 2020-12),
// says whether a body satisfies one, and which places of a body one calls
// sensitive.
//
// It promises that
//   - loading a schema reads files below the schema's own folder and nothing
//     else: no network, no way out by symlink or "..";
//   - a fault names places and keywords, never a value;
//   - a verdict is reached within a bound, or there is none and an error says so;
//   - every place that any part of the schema could call sensitive, for any
//     body, is marked; where that is in doubt, more is marked.
//
// santhosh-tekuri/jsonschema compiles, and is the reference. Bodies go through
// an evaluator of our own over what it compiled, several times faster and
// bounded; tests hold the two against each other. Its own validator is run where
// the schema holds a keyword that the evaluator does not know.
//
// A place is called sensitive by x-sensitive: true, by x-mask, by writeOnly:
// true or by format: password.
package schema

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Schema is one loaded schema. It never changes and is safe for concurrent use.
// The zero Schema decides nothing: its Validate returns an error.
type Schema struct {
	id, version, digest string

	names    map[string]string // resource URL → file name, to tell places of faults
	compiled *jsonschema.Schema
	rule     *rule   // nil where only the compiler's own validator will do
	branches bool    // the work may grow out of proportion to the body
	meters   *meters // to bound it, where there is no rule
	marks    *Marks
}

// Load reads and compiles the schema in file, and the files it refers to.
//
// All of them are strict JSON (RFC 8259) without duplicate keys, of at most
// 4 MiB each, in or below the folder of file. A reference is relative to its
// file, or to its file's $id: https://example.com/s/order.json beside
// address.json is how https://example.com/s/address.json is found.
// A schema without $schema is taken as draft 2020-12. Formats are asserted
// in every draft. Patterns are RE2: one with a lookahead or a backreference is
// refused, as are an empty enum and an x-sensitive that is no boolean.
//
// The error names the file and the place in it, and says what to do.
func Load(file string) (*Schema, error) {
	text, err := readMain(file)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return nil, fmt.Errorf("schema %s: opening its folder: %w", file, err)
	}
	defer root.Close()
	s, err := load(newLibrary(filepath.Base(file), text, root))
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", file, err)
	}
	return s, nil
}

// load compiles the library's main document. The library stays usable for
// what it holds; nothing more is read through it.
func load(lib *library) (*Schema, error) {
	defer lib.close()
	if err := lib.addMain(); err != nil {
		return nil, err
	}
	version, err := rootVersion(lib.main.raw)
	if err != nil {
		return nil, err
	}
	compiler, compiled, err := compile(lib, nil)
	if err != nil {
		return nil, err
	}
	g, err := newGraph(lib, compiler, compiled)
	if err != nil {
		return nil, err
	}
	s := &Schema{
		id:       lib.main.id(),
		version:  version,
		digest:   lib.digest(),
		names:    lib.fileNames(),
		compiled: compiled,
		marks:    newMarks(g),
	}
	if s.version == "" {
		s.version = s.digest[:12]
	}
	s.branches = g.branches()
	if rule, ok := newRule(compiled, s.place); ok {
		s.rule = rule
	} else if s.branches {
		s.meters = newMeters(lib)
	}
	return s, nil
}

// ID is the schema's $id (draft 4: id) as written, or else its file's base name.
func (s *Schema) ID() string { return s.id }

// Version is the string at x-version in the schema's root, or else the first 12
// digits of [Schema.Digest].
func (s *Schema) Version() string { return s.version }

// Digest is a SHA-256 in lower-case hex. For a schema of one file it is taken
// over the file's bytes. For more it is taken over one line a file, "<SHA-256 in
// hex>  <path>\n", the schema's own file first, the others by path: what
// "sha256sum order.json address.json | sha256sum" prints in that folder.
func (s *Schema) Digest() string { return s.digest }

// Marks tells the sensitive places.
func (s *Schema) Marks() *Marks { return s.marks }

func rootVersion(raw any) (string, error) {
	m, _ := raw.(map[string]any)
	v, ok := m["x-version"]
	if !ok {
		return "", nil
	}
	version, ok := v.(string)
	if !ok || version == "" {
		return "", fmt.Errorf("/x-version is not a string with text in it: write \"x-version\": \"1\", or leave it out")
	}
	return version, nil
}
