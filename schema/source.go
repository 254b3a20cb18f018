package schema

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Source is a set of JSON documents in memory that hold schemas, such as an
// OpenAPI document and what it refers to. Schemas refer to each other within
// it; nothing else is read.
//
// A document need not be a schema itself. The fields must not change after the
// first call of [Source.Compile]. It is safe for concurrent use. The zero Source
// holds nothing, and so compiles nothing.
type Source struct {
	// Docs are the documents by name: relative paths with slashes, by which they
	// refer to each other. Each is strict JSON without duplicate keys.
	Docs map[string][]byte
	// Digest is that of every schema of this source. If it is empty it is taken
	// over Docs, as by [Schema.Digest], by name.
	Digest string
	// ID is that of every schema of this source, before "#" and its pointer, if
	// that is not empty; the document's name if it is empty.
	ID string
	// Version is that of every schema of this source; the first 12 digits of the
	// digest if it is empty.
	Version string
	// Draft is that of a document without $schema.
	Draft Draft
	// Formats says that formats are asserted; otherwise they are annotations.
	Formats bool

	mu       sync.Mutex
	lib      *library
	digest   string
	err      error // why there is no library
	compiler *jsonschema.Compiler
	names    map[string]string // of documents, as faults tell them
	rules    *ruler
	made     map[string]*Schema // by location
}

// Compile compiles the schema at a JSON Pointer (RFC 6901; "" is all of it) of
// the document of that name. The work is done once for each place, and shared
// between places.
//
// The error names the document and the place in it, and says what to do.
func (src *Source) Compile(doc, pointer string) (*Schema, error) {
	src.mu.Lock()
	defer src.mu.Unlock()
	if src.lib == nil && src.err == nil {
		src.err = src.read()
	}
	if src.err != nil {
		return nil, src.err
	}
	if _, ok := src.Docs[doc]; !ok {
		return nil, fmt.Errorf("schema: there is no document %s: add it to the source", doc)
	}
	at := urlOf(doc) + "#" + escapePointer(pointer)
	if s, ok := src.made[at]; ok {
		return s, nil
	}
	s, err := src.compile(doc, pointer, at)
	if err != nil {
		return nil, fmt.Errorf("schema %s#%s: %w", doc, pointer, err)
	}
	src.made[at] = s
	return s, nil
}

// read takes the documents in.
func (src *Source) read() error {
	if !src.Draft.known() {
		return fmt.Errorf("schema: there is no draft %d: name one of 4, 6, 7, 2019 and 2020", src.Draft)
	}
	names := slices.Sorted(maps.Keys(src.Docs))
	if len(names) == 0 {
		return errors.New("schema: the source holds no document: add one")
	}
	lib := newLibrary(names[0], src.Docs[names[0]], nil)
	lib.draft, lib.plain = src.Draft, !src.Formats
	for _, name := range names {
		if _, err := lib.add(urlOf(name), name, src.Docs[name]); err != nil {
			return fmt.Errorf("schema: %w", err)
		}
	}
	lib.main = document{} // none: faults name the document always
	src.lib, src.names, src.made = lib, lib.fileNames(), map[string]*Schema{}
	src.begin()
	if src.digest = src.Digest; src.digest == "" {
		src.digest = lib.digestOf(names)
	}
	return nil
}

// begin forgets what was compiled.
func (src *Source) begin() {
	src.compiler, src.rules = newCompiler(src.lib, nil), newRuler(src.lib)
	src.rules.names = src.names
}

func (src *Source) compile(doc, pointer, at string) (*Schema, error) {
	src.lib.main = src.lib.byURL[urlOf(doc)] // for the texts of errors
	s, err := newSchema(src.lib, src.compiler, at, src.rules)
	if err != nil || src.rules.spoiled {
		// The compiler keeps what it had half done, and hands it out as if it were
		// whole the next time.
		src.begin()
	}
	if err != nil {
		return nil, err
	}
	s.id, s.version, s.digest = src.ID, src.Version, src.digest
	if s.id == "" {
		s.id = doc
	}
	if pointer != "" {
		s.id += "#" + pointer
	}
	if s.version == "" {
		s.version = s.digest[:min(12, len(s.digest))]
	}
	return s, nil
}

// escapePointer is a pointer as the compiler has it in URLs.
func escapePointer(pointer string) string {
	var b strings.Builder
	for i, tok := range strings.Split(pointer, "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(url.PathEscape(tok))
	}
	return b.String()
}
