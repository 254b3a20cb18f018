package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/caddyrec/caddyrec/jsonscan"
)

const (
	maxFile  = 4 << 20
	maxFiles = 256

	// base is the URL of the schema's folder. No machine path gets into a URL,
	// and so into no fault; ".." leads out of /schema/ and is refused.
	base = "caddyrec:///schema/"
)

// library holds the documents one schema is made of.
type library struct {
	mu      sync.Mutex          // copies of schemas are compiled at any time
	root    *os.Root            // the schema's folder; nil once loaded
	byURL   map[string]document // by load URL and by $id
	loaded  map[string]string   // load URL by load URL and by $id
	aliases []alias
	main    document
	names   []string // files read, in order
	anchors []string // locations of all $dynamicAnchor
	loose   bool     // some schema has unevaluatedProperties or unevaluatedItems
	draft   Draft    // of a document that names none
	plain   bool     // formats are not asserted

	// Set by tests only: where the official suite's remote documents are.
	remote func(url string) ([]byte, bool)
}

// document is one schema file.
type document struct {
	name string // path below the folder, with slashes
	text []byte
	raw  any
}

// alias says that URLs below prefix are files below dir.
type alias struct{ prefix, dir string }

func newLibrary(name string, text []byte, root *os.Root) *library {
	return &library{
		root:    root,
		byURL:   map[string]document{},
		loaded:  map[string]string{},
		aliases: []alias{{base, "."}},
		main:    document{name: name, text: text},
	}
}

func (l *library) close() { l.root, l.remote = nil, nil }

func (l *library) mainURL() string { return urlOf(l.main.name) }

// urlOf is the URL of a file of the folder.
func urlOf(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return base + strings.Join(parts, "/")
}

func (l *library) addMain() error {
	doc, err := l.add(l.mainURL(), l.main.name, l.main.text)
	l.main = doc
	return err
}

// add parses text and keeps it under its load URL and its $id.
func (l *library) add(at, name string, text []byte) (document, error) {
	// Who hands documents over has bounded them.
	if l.root != nil && len(l.names) >= maxFiles {
		return document{}, fmt.Errorf("it takes more than %d files: bundle them into fewer", maxFiles)
	}
	raw, err := parse(text)
	if err != nil {
		return document{}, fmt.Errorf("%s: %w", name, err)
	}
	doc := document{name, text, raw}
	if err := l.survey(raw, at+"#", false, false); err != nil {
		return document{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := l.call(at, doc); err != nil {
		return document{}, err
	}
	l.loaded[at] = at
	if id := l.resolveID(at, raw); id != "" {
		if err := l.call(id, doc); err != nil {
			return document{}, err
		}
		if _, ok := l.loaded[id]; !ok {
			l.loaded[id] = at
		}
		if i := strings.LastIndexByte(id, '/'); i >= 0 && strings.Contains(id, "://") {
			l.aliases = append(l.aliases, alias{id[:i+1], path.Dir(name)})
		}
	}
	if !slices.Contains(l.names, name) {
		l.names = append(l.names, name)
	}
	return doc, nil
}

func (l *library) call(u string, doc document) error {
	if other, ok := l.byURL[u]; ok && other.name != doc.name {
		return fmt.Errorf("%s and %s both go by the name %s: give one of them another $id", other.name, doc.name, u)
	}
	l.byURL[u] = doc
	return nil
}

// LoadURL is the compiler's only way to a document.
func (l *library) LoadURL(u string) (io.ReadCloser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	doc, err := l.find(u)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(doc.text)), nil
}

func (l *library) find(u string) (document, error) {
	if doc, ok := l.byURL[u]; ok {
		return doc, nil
	}
	if u == openAPIDialect {
		return document{text: []byte(openAPIMeta)}, nil
	}
	if l.remote != nil {
		if text, ok := l.remote(u); ok {
			return l.add(u, u, text)
		}
	}
	name, ok := l.file(u)
	if !ok {
		return document{}, l.refuse(u, "it is not in the schema's folder, and nothing is fetched: save it beside the schema and refer to it by file name")
	}
	if doc, ok := l.byURL[urlOf(name)]; ok { // written in another way
		l.loaded[u] = u
		return doc, l.call(u, doc)
	}
	if l.root == nil {
		return document{}, l.refuse(u, "it was not there when the schema was loaded")
	}
	text, err := readBelow(l.root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return document{}, l.refuse(u, fmt.Sprintf("there is no file %s in the schema's folder: save it there", name))
	}
	if err != nil {
		return document{}, l.refuse(u, fmt.Sprintf("reading %s in the schema's folder: %v", name, err))
	}
	return l.add(u, name, text)
}

// file tells which file of the folder a URL stands for.
func (l *library) file(u string) (string, bool) {
	for _, a := range l.aliases {
		rest, ok := strings.CutPrefix(u, a.prefix)
		if !ok {
			continue
		}
		rest, err := url.PathUnescape(rest)
		if err != nil {
			continue
		}
		name := path.Join(a.dir, rest)
		if filepath.IsLocal(filepath.FromSlash(name)) && !strings.ContainsAny(rest, "\\\x00?#") {
			return name, true
		}
	}
	return "", false
}

// refuse names the reference as it is written, and the file it is written in.
func (l *library) refuse(u, why string) error {
	for _, at := range slices.Sorted(maps.Keys(l.byURL)) {
		doc := l.byURL[at]
		if ref, ptr, ok := l.findRef(doc.raw, at, u, ""); ok {
			return fmt.Errorf("%s: %s is %q: %s", doc.name, ptr, ref, why)
		}
	}
	return fmt.Errorf("%s: a reference to %s: %s", l.main.name, strings.TrimPrefix(u, base), why)
}

// digest is documented at [Schema.Digest].
func (l *library) digest() string {
	rest := slices.Sorted(slices.Values(l.names[1:]))
	return l.digestOf(append(l.names[:1:1], rest...))
}

func (l *library) digestOf(names []string) string {
	sums := map[string]string{}
	for _, doc := range l.byURL {
		sum := sha256.Sum256(doc.text)
		sums[doc.name] = hex.EncodeToString(sum[:])
	}
	if len(names) == 1 {
		return sums[names[0]]
	}
	h := sha256.New()
	for _, name := range names {
		fmt.Fprintf(h, "%s  %s\n", sums[name], name)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// fileNames maps resource URLs to file names, "" for the schema's own file.
func (l *library) fileNames() map[string]string {
	names := make(map[string]string, len(l.byURL))
	for u, doc := range l.byURL {
		names[u] = doc.name
		if doc.name == l.main.name {
			names[u] = ""
		}
	}
	return names
}

// OpenAPI 3.1 has a dialect of its own, which is draft 2020-12 and annotations.
const (
	openAPIDialect = "https://spec.openapis.org/oas/3.1/dialect/base"
	openAPIMeta    = `{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"` + openAPIDialect + `","$ref":"https://json-schema.org/draft/2020-12/schema"}`
)

// parse checks that text is strict JSON and decodes it.
func parse(text []byte) (any, error) {
	report, err := jsonscan.Check(text, jsonscan.Limits{})
	if err != nil {
		return nil, err
	}
	if report.Duplicate {
		return nil, fmt.Errorf("the key at %s stands twice in its object: remove one", report.DuplicatePointer)
	}
	raw, _, err := decode(text)
	return raw, err
}
