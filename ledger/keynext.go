package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// The next signing key lies beside the present one until the log has taken it
// up: then the list of public keys is written anew, and after that it takes the
// place of the present one, whose secret half nobody needs any more.
func nextKeyFile(log string) string { return log + ".next.key" }

// NewSigningKey makes a signing key for a log, beside the one in dir that it
// has, and returns the public half. The log goes on with the old one until
// [Log.RotateKey] takes the new one up. The error wraps [fs.ErrExist] when one
// is waiting already, [fs.ErrNotExist] when the log has no keys in dir.
func NewSigningKey(dir, log string) (public string, err error) {
	root, err := openKeys(dir, log)
	if err != nil {
		return "", err
	}
	defer root.Close()
	present, err := root.Stat(log + ".signing.key")
	if err != nil {
		return "", fmt.Errorf("log %s has no signing key in %s: %w", log, dir, err)
	}
	skey, err := makeSigningKey(log)
	if err != nil {
		return "", err
	}
	if err := createNext(root, log, skey, present); err != nil {
		return "", fmt.Errorf("making a signing key for log %s in %s: %w", log, dir, err)
	}
	return publicOf(skey)
}

// createNext writes the key for the user that the present one belongs to: who
// makes it may be root, and the gateway somebody else.
func createNext(root *os.Root, log, skey string, present fs.FileInfo) error {
	temp, err := writeTemp(root, nextKeyFile(log), []byte(skey+"\n"), 0o600)
	if err != nil {
		return err
	}
	defer root.Remove(temp)
	if err := giveTo(root, temp, present); err != nil {
		return err
	}
	if err := root.Link(temp, nextKeyFile(log)); err != nil {
		return err
	}
	return syncDir(root, ".")
}

// NextKey is the public half of the signing key in dir that waits to be taken
// up; "" means that there is none.
func NextKey(dir, log string) (string, error) {
	k, err := loadNextKey(dir, log)
	if err != nil || k == nil {
		return "", err
	}
	return k.public.text, nil
}

func openKeys(dir, log string) (*os.Root, error) {
	if err := checkLogName(log); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder for the keys of log %s: %w", log, err)
	}
	return root, nil
}

// loadNextKey reads the next signing key; nil when there is none.
func loadNextKey(dir, log string) (*signingKey, error) {
	root, err := openKeys(dir, log)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return readNextKey(root, log)
}

func readNextKey(root *os.Root, log string) (*signingKey, error) {
	text, err := readSecret(root, nextKeyFile(log))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	k, err := newSigningKey(log, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nextKeyFile(log), err)
	}
	return k, nil
}

// promoteKey puts the next key, which is in force, into the place of the
// signing key. Each step may be repeated.
func promoteKey(dir, log string, keys keyring) error {
	root, err := openKeys(dir, log)
	if err != nil {
		return err
	}
	defer root.Close()
	next, err := readNextKey(root, log)
	if err != nil || next == nil {
		return err
	}
	if next.public.text != keys.current().text {
		return errors.New("the next key is another one by now")
	}
	if err := replaceFile(root, log+".public", []byte(keys.String()), 0o444); err != nil {
		return err
	}
	if err := root.Rename(nextKeyFile(log), log+".signing.key"); err != nil {
		return err
	}
	return syncDir(root, ".")
}
