package encryption

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

func TestBadRecipientsAreRefused(t *testing.T) {
	ana := identity(t)
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	good := ana.Recipient().String()
	misspelt := good[:len(good)-1] + "q"
	if misspelt == good {
		misspelt = good[:len(good)-1] + "p"
	}
	for name, bad := range map[string]struct {
		to   []string
		says string
	}{
		"none":             {nil, "no recipient"},
		"no recipient":     {[]string{"ana@example.com"}, "is no age recipient"},
		"misspelt":         {[]string{misspelt}, "is no age recipient"},
		"empty":            {[]string{""}, "is no age recipient"},
		"two in one":       {[]string{good + "\n" + good}, "is no age recipient"},
		"ssh":              {[]string{"ssh-ed25519 AAAA"}, "is no age recipient"},
		"twice":            {[]string{good, good}, "twice"},
		"a secret key":     {[]string{ana.String()}, "secret key"},
		"not to be mixed":  {[]string{good, hybrid.Recipient().String()}, "encrypting a data key"},
		"too many of them": {make([]string, 33), "too many"},
	} {
		_, err := NewSealer(Contents, "main", bad.to)
		if err == nil || !strings.Contains(err.Error(), bad.says) || strings.Contains(err.Error(), ana.String()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIdentityFilesThatCannotBeUsedAreTold(t *testing.T) {
	ana := identity(t)
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "key.txt")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	if ids, err := ReadIdentities(file("# created: today\n" + ana.String() + "\n")); err != nil || len(ids) != 1 {
		t.Errorf("a good one: %v", err)
	}
	for says, text := range map[string]string{
		"no age identity file": ana.String()[:50],
		"itself encrypted":     "age-encryption.org/v1\n-> scrypt",
		"plugins":              "AGE-PLUGIN-YUBIKEY-1QQQ",
	} {
		if _, err := ReadIdentities(file(text)); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), ana.String()[:50]) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if _, err := ReadIdentities(file("")); err == nil {
		t.Error("an empty file passes")
	}
	if _, err := ReadIdentities(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
