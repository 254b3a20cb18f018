package schema

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// readMain reads the file the operator named, wherever it is.
func readMain(file string) ([]byte, error) {
	text, err := ReadRegular(nil, file, maxFile)
	if err == nil {
		return text, nil
	}
	var in *fs.PathError
	if errors.As(err, &in) {
		err = in.Err // the path is named once
	}
	return nil, fmt.Errorf("schema %s: %w", file, Unreadable(file, err))
}

// Unreadable says what to do about a file that the operator named and that
// cannot be read.
func Unreadable(file string, err error) error {
	advice := "check the path and its permissions"
	if abs, wrong := filepath.Abs(file); wrong == nil && !filepath.IsAbs(file) {
		advice = "it was looked for in " + filepath.Dir(abs) + ", since a name without a leading slash is taken from the folder that Caddy runs in; " + advice
	}
	return fmt.Errorf("cannot be read: %w: %s", err, advice)
}

// readBelow reads a file of the schema's folder; the system keeps the look-up
// below it (os.Root), symlinks included.
func readBelow(root *os.Root, name string) ([]byte, error) {
	return ReadRegular(root, filepath.FromSlash(name), maxFile)
}

// ReadRegular reads a file of at most limit bytes, which is below root or, where
// root is nil, anywhere. It asks what the file is before it opens it: opening a
// pipe waits for a writer.
func ReadRegular(root *os.Root, name string, limit int) ([]byte, error) {
	stat, open := os.Stat, os.Open
	if root != nil {
		stat, open = root.Stat, root.Open
	}
	info, err := stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(text) > limit {
		return nil, fmt.Errorf("larger than %d MiB", limit>>20)
	}
	return text, nil
}
