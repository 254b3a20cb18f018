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
	text, err := readRegular(func() (fs.FileInfo, error) { return os.Stat(file) }, func() (*os.File, error) { return os.Open(file) })
	if err == nil {
		return text, nil
	}
	var in *fs.PathError
	if errors.As(err, &in) {
		err = in.Err // the path is named once
	}
	return nil, fmt.Errorf("schema %s: cannot be read: %w: check the path and its permissions", file, err)
}

// readBelow reads a file of the schema's folder; the system keeps the look-up
// below it (os.Root), symlinks included.
func readBelow(root *os.Root, name string) ([]byte, error) {
	name = filepath.FromSlash(name)
	return readRegular(func() (fs.FileInfo, error) { return root.Stat(name) }, func() (*os.File, error) { return root.Open(name) })
}

// readRegular asks what the file is before it opens it: opening a pipe waits
// for a writer.
func readRegular(stat func() (fs.FileInfo, error), open func() (*os.File, error)) ([]byte, error) {
	info, err := stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	return text, nil
}
