package caddyrec

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
)

// snapshot keeps an issuer's last good keys, which are public, for a start
// while the issuer is down.
type snapshot struct{ dir, name string }

func snapshotFile(dir, issuer string) snapshot {
	sum := sha256.Sum256([]byte(issuer))
	return snapshot{dir: dir, name: "jwks-" + hex.EncodeToString(sum[:8]) + ".json"}
}

// Load reads the snapshot.
func (s snapshot) Load() ([]byte, error) { return os.ReadFile(filepath.Join(s.dir, s.name)) }

// Save replaces the snapshot, whole or not at all.
func (s snapshot) Save(b []byte) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, s.name+".*")
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		// A rename may reach the disk before what it names.
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, s.name))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
