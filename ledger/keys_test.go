package ledger

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestKeysAreMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "keys")
	var made [8]*Keys
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			k, err := LoadKeys(dir, "test")
			if err != nil {
				t.Error(err)
			}
			made[i] = k
		})
	}
	wg.Wait()
	again, err := LoadKeys(dir, "test")
	if err != nil || t.Failed() {
		t.Fatal(err)
	}
	for _, k := range made {
		if k.Verifier() != again.Verifier() || k.Digest([]byte("x")) != again.Digest([]byte("x")) {
			t.Error("two callers have different keys")
		}
	}
	public, err := os.ReadFile(filepath.Join(dir, "test.public"))
	if err != nil || strings.TrimSpace(string(public)) != again.Verifier() || !strings.HasPrefix(again.Verifier(), "caddyrec/test+") {
		t.Errorf("public key is %q, %v", public, err)
	}
	other, err := LoadKeys(dir, "other")
	if err != nil || other.Verifier() == again.Verifier() || other.Digest(nil) == again.Digest(nil) {
		t.Errorf("two logs have one key: %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]os.FileMode{".": 0o700, "test.signing.key": 0o600, "test.hmac.key": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", name, info.Mode(), err, want)
		}
	}
}

func TestKeyFilesThatCannotBeTrustedAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(dir string) error
		says string
	}{
		"signing key gone":       {func(d string) error { return os.Remove(filepath.Join(d, "test.signing.key")) }, "is gone"},
		"HMAC key gone":          {func(d string) error { return os.Remove(filepath.Join(d, "test.hmac.key")) }, "is gone"},
		"others may read it":     {func(d string) error { return os.Chmod(filepath.Join(d, "test.hmac.key"), 0o640) }, "chmod 600"},
		"signing key damaged":    {func(d string) error { return os.WriteFile(filepath.Join(d, "test.signing.key"), []byte("x"), 0o600) }, "damaged"},
		"HMAC key damaged":       {func(d string) error { return os.WriteFile(filepath.Join(d, "test.hmac.key"), []byte("AAAA"), 0o600) }, "damaged"},
		"public key of another":  {func(d string) error { return copyKey(d, "other.public", "test.public") }, "does not belong"},
		"signing key of another": {func(d string) error { return copyKey(d, "other.signing.key", "test.signing.key") }, "not of"},
	} {
		if name == "others may read it" && runtime.GOOS == "windows" {
			continue // modes mean something else there
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var secrets []string
			for _, log := range []string{"test", "other"} {
				if _, err := LoadKeys(dir, log); err != nil {
					t.Fatal(err)
				}
				for _, kind := range []string{".signing.key", ".hmac.key"} {
					text, err := os.ReadFile(filepath.Join(dir, log+kind))
					if err != nil {
						t.Fatal(err)
					}
					secrets = append(secrets, strings.TrimSpace(string(text)))
				}
			}
			if err := c.harm(dir); err != nil {
				t.Fatal(err)
			}
			_, err := LoadKeys(dir, "test")
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), dir) {
				t.Fatalf("got %v, want an error that names the folder and says %q", err, c.says)
			}
			for _, secret := range secrets {
				if strings.Contains(err.Error(), secret) {
					t.Error("the error tells a key")
				}
			}
		})
	}
	for _, bad := range []string{"", "../x", "a b", "a/b", strings.Repeat("x", 65), "-a", `a"`} {
		if _, err := LoadKeys(t.TempDir(), bad); err == nil {
			t.Errorf("log name %q was taken", bad)
		}
	}
}

func copyKey(dir, from, to string) error {
	text, err := os.ReadFile(filepath.Join(dir, from))
	if err == nil {
		os.Remove(filepath.Join(dir, to))
		err = os.WriteFile(filepath.Join(dir, to), text, 0o600)
	}
	return err
}

func TestDigestsNameTheirKeyAndMACsCannotBeConfused(t *testing.T) {
	k, err := LoadKeys(t.TempDir(), "test")
	if err != nil {
		t.Fatal(err)
	}
	if d := k.Digest([]byte("body")); !regexp.MustCompile(`^hmac-sha256:[0-9a-f]{8}:[A-Za-z0-9+/]{43}=$`).MatchString(d) {
		t.Errorf("digest is %q", d)
	}
	if k.Digest([]byte("a")) == k.Digest([]byte("b")) || k.Digest(nil) != k.Digest([]byte{}) {
		t.Error("digests do not tell bytes apart")
	}
	macs := [][]byte{k.MAC("a"), k.MAC("a", ""), k.MAC("a", "b"), k.MAC("ab"), k.MAC("a", "b", ""), k.MAC("", "a", "b"), k.MAC("a", "bc", "d"), k.MAC("a", "b", "cd")}
	for i := range macs {
		for j := range i {
			if bytes.Equal(macs[i], macs[j]) || len(macs[i]) != 32 {
				t.Errorf("MACs %d and %d are alike", i, j)
			}
		}
	}
}
