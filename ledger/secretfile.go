package ledger

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path"
	"strings"
)

// LoadSecret reads 32 random bytes from a file in dir, or makes them when it is
// not there: in base64, with mode 0600; one that the group or others may read
// is refused. Two processes that make it at once get the same.
func LoadSecret(dir, name string) ([]byte, error) {
	if name == "" || path.Base(name) != name {
		return nil, fmt.Errorf("%q is not a file's name", name)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for %s: %w", name, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of %s: %w", name, err)
	}
	defer root.Close()
	text, err := secret(root, name, false, func() (string, error) { return makeHMACKey(), nil })
	if err != nil {
		return nil, fmt.Errorf("the secret %s in %s: %w", name, dir, err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != sha256.Size {
		return nil, fmt.Errorf("the secret %s in %s is damaged: want %d bytes in base64: restore it from a backup, or remove it to have another made", name, dir, sha256.Size)
	}
	return key, nil
}
