package ledger

import (
	"crypto/rand"
	"io/fs"
	"os"
	"path"
	"strings"
)

// tempPrefix begins the names of files that are not yet what they will be.
const tempPrefix = ".tmp-"

// createFile makes a small file that is there whole or not at all. The error
// wraps fs.ErrExist when there is one of that name.
func createFile(root *os.Root, name string, data []byte, perm os.FileMode) error {
	temp, err := writeTemp(root, name, data, perm)
	if err != nil {
		return err
	}
	defer root.Remove(temp)
	if err := root.Link(temp, name); err != nil {
		return err
	}
	return syncDir(root, path.Dir(name))
}

// replaceFile puts data in the place of a small file: a reader, also after a
// power cut, sees the old or the new, whole.
func replaceFile(root *os.Root, name string, data []byte, perm os.FileMode) error {
	temp, err := writeTemp(root, name, data, perm)
	if err != nil {
		return err
	}
	if err := root.Rename(temp, name); err != nil {
		root.Remove(temp)
		return err
	}
	return syncDir(root, path.Dir(name))
}

// writeTemp writes a synced file beside name, with a name nobody looks for.
func writeTemp(root *os.Root, name string, data []byte, perm os.FileMode) (string, error) {
	temp := path.Join(path.Dir(name), tempPrefix+rand.Text())
	f, err := root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		root.Remove(temp)
		return "", err
	}
	return temp, nil
}

// sweepTemp removes what a crash left half-written. Only who holds the lock may.
func sweepTemp(root *os.Root) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return // nothing depends on it
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			root.Remove(e.Name())
		}
	}
}
