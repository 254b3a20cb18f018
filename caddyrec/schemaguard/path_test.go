package schemaguard

import (
	"net/url"
	"path"
	"strings"
	"testing"
)

func TestAPathThatMayBeReadAsAnotherIsAmbiguous(t *testing.T) {
	for path, want := range map[string]bool{
		"/":                     false,
		"/orders":               false,
		"/orders/":              false,
		"/orders/5.json":        false,
		"/orders/.hidden":       false,
		"/orders/...":           false,
		"/projects/group%2Fa":   true,
		"/orders/1%2frefund":    true,
		"/orders/1%2F":          true,
		"/orders/1%5Crefund":    true,
		"/orders/1%252Frefund":  false,
		"/a%20b/%C3%A9":         false,
		"":                      true,
		"*":                     true,
		"orders":                true,
		"//orders":              true,
		"/orders//5":            true,
		"/orders%2f%2f5":        true,
		"/orders/.":             true,
		"/orders/..":            true,
		"/./orders":             true,
		"/orders/../admin":      true,
		"/orders/%2e%2E/admin":  true,
		"/orders/.%2e/admin":    true,
		"/files/..%2fadmin":     true,
		"/files/a%2F..%2Fadmin": true,
		`/orders\5`:             true,
		"/orders%5c..%5cadmin":  true,
		"/orders/5%00":          true,
		"/orders/%zz":           true,
	} {
		if got := ambiguous(path); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
}

func FuzzPathsThatAreNotAmbiguousStayAsTheyAre(f *testing.F) {
	for _, seed := range []string{"/orders/5", "/a/../b", "/a%2f..%2fb", "//", `/\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		if !ambiguous(escaped) {
			checkClean(t, escaped)
		}
	})
}

// checkClean fails if a server that decodes a path and cleans it, in either
// order, comes to another path.
func checkClean(t *testing.T, escaped string) {
	t.Helper()
	decoded, err := url.PathUnescape(escaped)
	if err != nil {
		t.Fatalf("%q cannot be decoded", escaped)
	}
	for _, p := range []string{escaped, decoded, strings.ReplaceAll(decoded, `\`, "/")} {
		if clean := path.Clean(p); clean != strings.TrimSuffix(p, "/") && clean != "/" {
			t.Errorf("%q is read as %q", escaped, clean)
		}
	}
}
