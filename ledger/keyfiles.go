package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// LoadKeys reads the keys of a log from dir, or makes them when there are none:
// <log>.signing.key (a note signer key, Ed25519), <log>.hmac.key (32 random
// bytes, base64) and <log>.public (the verifier key, for anybody; after a
// rotation the retired ones too, a line each, the oldest first). The folder is
// made with mode 0700, secret files with 0600; files that the group or
// others may read are refused. Two processes that make keys at once get the
// same ones. Once the public key is there, lost secret keys are not made anew:
// a log cannot go on under another key, but for [NewSigningKey].
func LoadKeys(dir, log string) (*Keys, error) {
	if err := checkLogName(log); err != nil {
		return nil, err
	}
	if dir == "" {
		return nil, fmt.Errorf("keys of log %s: no folder given", log)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for the keys of log %s: %w", log, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder for the keys of log %s: %w", log, err)
	}
	defer root.Close()
	k, err := loadKeys(root, log)
	if err != nil {
		return nil, fmt.Errorf("keys of log %s in %s: %w", log, dir, err)
	}
	return k, nil
}

func loadKeys(root *os.Root, log string) (*Keys, error) {
	public, err := root.ReadFile(log + ".public")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	made := err == nil
	skey, err := secret(root, log+".signing.key", made, func() (string, error) { return makeSigningKey(log) })
	if err != nil {
		return nil, err
	}
	hmacKey, err := secret(root, log+".hmac.key", made, func() (string, error) { return makeHMACKey(), nil })
	if err != nil {
		return nil, err
	}
	k, err := newKeys(log, skey, hmacKey)
	if err == nil {
		k.next, err = readNextKey(root, log)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: restore the key files from a backup", err)
	}
	k.dir = root.Name()
	ring, err := keyring{k.public}, error(nil)
	if made {
		ring, err = parseKeyring(string(public))
	}
	if err != nil || !k.are(ring) {
		return nil, fmt.Errorf("%s.public does not belong to %s.signing.key: restore the key files from a backup", log, log)
	}
	k.first = ring[0].text
	if !made {
		err := createFile(root, log+".public", []byte(k.public.text+"\n"), 0o444)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return k, nil
}

// are says whether the public keys are these: the newest is the signing key, or
// the one about to be.
func (k *Keys) are(ring keyring) bool {
	newest := ring.current().text
	return newest == k.public.text || k.next != nil && newest == k.next.public.text
}

// secret reads a secret file, making it first where that is allowed.
func secret(root *os.Root, name string, made bool, gen func() (string, error)) (string, error) {
	text, err := readSecret(root, name)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	if made {
		return "", fmt.Errorf("%s is gone: restore it from a backup, or start a log under another name", name)
	}
	key, err := gen()
	if err != nil {
		return "", err
	}
	// Whoever comes second takes what the first one made.
	err = createFile(root, name, []byte(key+"\n"), 0o600)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return readSecret(root, name)
}

func readSecret(root *os.Root, name string) (string, error) {
	f, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return "", fmt.Errorf("%s has mode %04o, so others than its owner can use it: chmod 600 it, and think of the key as known", name, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	return string(text), err
}
