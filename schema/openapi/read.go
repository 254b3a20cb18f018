package openapi

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/schema"
)

// What a description may take.
const (
	maxFile  = 32 << 20
	maxTotal = 64 << 20
	maxFiles = 8192
)

// folder holds the files of one description.
type folder struct {
	dir   string   // absolute
	root  *os.Root // of dir; nil once loaded
	main  string
	files map[string]*file // by path below dir, with slashes
	size  int
}

// file is one file of a description.
type file struct {
	sum  string
	tree any // as encoding/json has it, numbers as json.Number
}

// openFolder reads the description itself.
func openFolder(name string) (*folder, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	f := &folder{dir: filepath.Dir(abs), main: filepath.Base(abs), files: map[string]*file{}}
	// The file the operator named may be a link, as in a mounted ConfigMap.
	text, err := schema.ReadRegular(nil, abs, maxFile)
	if err != nil {
		return nil, schema.Unreadable(name, withoutPath(err))
	}
	if err := f.add(f.main, text); err != nil {
		return nil, err
	}
	f.root, err = os.OpenRoot(f.dir)
	return f, err
}

func (f *folder) close() {
	if f.root != nil {
		f.root.Close()
		f.root = nil
	}
}

// add takes the text of a file in.
func (f *folder) add(name string, text []byte) error {
	if f.size += len(text); f.size > maxTotal {
		return fmt.Errorf("%s: the description is larger than %d MiB: split it", name, maxTotal>>20)
	}
	if len(f.files) >= maxFiles {
		return fmt.Errorf("%s: the description takes more than %d files: bundle them into fewer", name, maxFiles)
	}
	tree, err := parse(name, text)
	if err != nil {
		return fmt.Errorf("%s%w", name, err)
	}
	sum := sha256.Sum256(text)
	f.files[name] = &file{hex.EncodeToString(sum[:]), tree}
	return nil
}

// file reads a file of the folder, once. The system keeps the look-up below the
// folder, links included.
func (f *folder) file(name string) (*file, error) {
	if known, ok := f.files[name]; ok {
		return known, nil
	}
	at := filepath.FromSlash(name)
	if !filepath.IsLocal(at) || strings.ContainsAny(name, "\\\x00") {
		return nil, errors.New("it leads out of the description's folder, and nothing is read from there: save it beside the description")
	}
	text, err := schema.ReadRegular(f.root, at, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s in the description's folder: save it there", name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s in the description's folder: %w", name, withoutPath(err))
	}
	if err := f.add(name, text); err != nil {
		return nil, err
	}
	return f.files[name], nil
}

// names are those of all files, the description's own first.
func (f *folder) names() []string {
	names := []string{f.main}
	for name := range f.files {
		if name != f.main {
			names = append(names, name)
		}
	}
	slices.Sort(names[1:])
	return names
}

// digest is documented at [Document.Digest].
func (f *folder) digest() string {
	if len(f.files) == 1 {
		return f.files[f.main].sum
	}
	h := sha256.New()
	for _, name := range f.names() {
		fmt.Fprintf(h, "%s  %s\n", f.files[name].sum, name)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// paths are the absolute paths of all files.
func (f *folder) paths() []string {
	var paths []string
	for _, name := range f.names() {
		paths = append(paths, filepath.Join(f.dir, filepath.FromSlash(name)))
	}
	return paths
}

// beside is the name of a file that another refers to.
func beside(from, to string) string { return path.Join(path.Dir(from), to) }

// withoutPath is the error alone: the path is named once, by the caller.
func withoutPath(err error) error {
	var in *fs.PathError
	if errors.As(err, &in) {
		return in.Err
	}
	return err
}
