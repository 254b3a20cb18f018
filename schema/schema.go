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
// the schema holds a keyword that the evaluator does not know: [Schema.Uncovered]
// lists them.
//
// A place is called sensitive by x-sensitive: true, by writeOnly: true, by format:
// password, or by x-mask: true, "token", "pseudonym", "drop", "partial" or
// {"action": "partial", "keep": 4}, which also says what is to be done about it.
//
// OpenAPI's schemas, in documents that hold more than schemas, are compiled
// through a [Source].
package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Schema is one loaded schema. It never changes and is safe for concurrent use.
// The zero Schema decides nothing: its Validate returns an error.
type Schema struct {
	id, version, digest string
	files, uncovered    []string

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
// refused, as are an empty enum, an x-sensitive that is no boolean and an x-mask
// that says nothing.
//
// The error names the file and the place in it, and says what to do.
func Load(file string) (*Schema, error) {
	text, err := readMain(file)
	if err != nil {
		return nil, err
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, fmt.Errorf("schema %s: finding its folder: %w", file, err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("schema %s: opening its folder: %w", file, err)
	}
	defer root.Close()
	s, err := load(newLibrary(filepath.Base(file), text, root), folder)
	if err != nil {
		err = fmt.Errorf("schema %s: %w", file, err)
		if ext := strings.ToLower(filepath.Ext(file)); ext == ".yaml" || ext == ".yml" {
			err = fmt.Errorf("%w: a schema file is JSON; an OpenAPI document is for the option openapi", err)
		}
		return nil, err
	}
	return s, nil
}

// load compiles the library's main document. The library stays usable for
// what it holds; nothing more is read through it.
func load(lib *library, folder string) (*Schema, error) {
	defer lib.close()
	if err := lib.addMain(); err != nil {
		return nil, err
	}
	version, err := rootVersion(lib.main.raw)
	if err != nil {
		return nil, err
	}
	s, err := newSchema(lib, newCompiler(lib, nil), lib.mainURL(), newRuler(lib))
	if err != nil {
		return nil, err
	}
	s.id, s.version, s.digest = lib.id(), version, lib.digest()
	if s.version == "" {
		s.version = s.digest[:12]
	}
	for _, name := range lib.names {
		s.files = append(s.files, filepath.Join(folder, filepath.FromSlash(name)))
	}
	return s, nil
}

// newSchema compiles what stands at a URL.
func newSchema(lib *library, compiler *jsonschema.Compiler, at string, rules *ruler) (*Schema, error) {
	compiled, err := compileAt(compiler, at)
	if err != nil {
		return nil, explain(lib, err)
	}
	if rules.names == nil {
		rules.names = lib.fileNames()
	}
	g, err := newGraph(lib, compiler, compiled, rules)
	if err != nil {
		return nil, err
	}
	s := &Schema{names: rules.names, compiled: compiled, branches: g.branches(), uncovered: g.uncovered}
	if len(g.uncovered) == 0 {
		s.rule = rules.rule(compiled)
	} else if s.branches {
		s.meters = newMeters(lib, at)
	}
	s.marks = newMarks(g)
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

// Files are the absolute paths of the files it was loaded from, its own first:
// those to watch for changes. It has none if a [Source] compiled it.
func (s *Schema) Files() []string { return slices.Clone(s.files) }

// Uncovered are the keywords that are beyond the evaluator, by place as in
// [Fault.Schema]: a schema with any is run by the compiler's own validator,
// slower and with less room. Draft 7's contentSchema is the usual one.
func (s *Schema) Uncovered() []string { return slices.Clone(s.uncovered) }

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
