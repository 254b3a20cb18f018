package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// canaries are secrets, each by the place it was planted in. None occurs
// anywhere else, so to find one is to find a leak.
type canaries map[string]string

// word plants a secret of letters and digits, which most encodings leave as it
// is.
func (c canaries) word(place string) string {
	const letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	b := []byte("Cnry")
	for range 18 {
		b = append(b, letters[rand.IntN(len(letters))])
	}
	return c.plant(place, string(b))
}

// email plants an address.
func (c canaries) email(place string) string { return c.word(place) + "@example.com" }

// card plants a payment card's number: 16 digits, the last by ISO/IEC 7812-1
// annex B (Luhn).
func (c canaries) card(place string) string {
	digits := "4539"
	for len(digits) < 15 {
		digits += strconv.Itoa(rand.IntN(10))
	}
	sum := 0
	for i, d := range digits {
		n := int(d - '0')
		if i%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return c.plant(place, digits+strconv.Itoa((10-sum%10)%10))
}

func (c canaries) plant(place, secret string) string {
	if _, twice := c[place]; twice {
		panic("two canaries at " + place)
	}
	c[place] = secret
	return secret
}

// forms are the ways in which a secret might be written.
func forms(secret string) map[string]string {
	all := map[string]string{
		"raw":   secret,
		"lower": strings.ToLower(secret),
		"upper": strings.ToUpper(secret),
		"hex":   hex.EncodeToString([]byte(secret)),
	}
	var percent, escaped strings.Builder
	for _, b := range []byte(secret) {
		fmt.Fprintf(&percent, "%%%02X", b)
		fmt.Fprintf(&escaped, `\u%04x`, b)
	}
	all["percent"], all["json"] = percent.String(), escaped.String()
	if len(secret) == 16 && secret[0] == '4' {
		for _, sep := range []string{" ", "-", "+", "%20"} {
			all["grouped by "+sep] = strings.Join([]string{secret[:4], secret[4:8], secret[8:12], secret[12:]}, sep)
		}
	}
	// Base64 of something that holds the secret, wherever in it. The characters
	// at both ends hang on what is beside it, so they are left out.
	for before := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
		text = strings.TrimRight(text, "=")
		all[fmt.Sprintf("base64 at %d", before)] = text[4*min(before, 1) : len(text)-2]
	}
	return all
}

// search looks for the canaries in a text.
func (c canaries) search(t *testing.T, where string, text []byte) {
	t.Helper()
	for place, secret := range c {
		for form, look := range forms(secret) {
			if i := bytes.Index(text, []byte(look)); i >= 0 {
				t.Errorf("the secret from %s is in %s (%s): …%s…", place, where, form, text[max(0, i-120):min(len(text), i+len(look)+40)])
				break
			}
		}
	}
}

// searchFolder looks for the canaries in every file below a folder, and in
// what is compressed there, and returns how many files there were.
func (c canaries) searchFolder(t *testing.T, folder string) (files int) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		where, _ := filepath.Rel(folder, name)
		c.search(t, where+"'s name", []byte(where))
		c.search(t, where, text)
		if strings.HasSuffix(name, ".gz") {
			r, err := gzip.NewReader(bytes.NewReader(text))
			if err != nil {
				return fmt.Errorf("%s: %w", where, err)
			}
			plain, err := io.ReadAll(r)
			if err != nil {
				return fmt.Errorf("%s: %w", where, err)
			}
			c.search(t, where+", unpacked", plain)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTheSearchFindsASecretInEveryForm(t *testing.T) {
	c := canaries{}
	secret := c.word("here")
	hidden := map[string]string{
		"raw":     "a" + secret + "b",
		"percent": "%43" + strings.ToUpper(forms(secret)["percent"])[3:],
		"json":    forms(secret)["json"],
		"base64":  base64.StdEncoding.EncodeToString([]byte(`{"k":"` + secret + `"}`)),
		"odd":     base64.URLEncoding.EncodeToString([]byte(`{"ke":"` + secret + `"}`)),
		"even":    base64.RawURLEncoding.EncodeToString([]byte(`{"key":"` + secret + `"}`)),
	}
	for name, text := range hidden {
		found := false
		for _, look := range forms(secret) {
			found = found || strings.Contains(text, look)
		}
		if !found {
			t.Errorf("%s: it is not found in %s", name, text)
		}
	}
}
