package schemaguard

import (
	"net/url"
	"strings"
)

// ambiguous says whether an escaped path may be read as another path than it
// seems: it has a segment that is empty but for the last, ".", "..", or one
// with a backslash, also percent-encoded, or with an encoded slash, which many
// upstreams decode before they look for a route. Each does so in its own way.
func ambiguous(path string) bool {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return true
	}
	// The common case, without decoding.
	if !strings.ContainsAny(rest, `%\.`) && !strings.Contains(path, "//") {
		return false
	}
	plain, err := url.PathUnescape(rest)
	if err != nil || strings.ContainsAny(plain, "\\\x00") || strings.Count(plain, "/") != strings.Count(rest, "/") {
		return true
	}
	segments := strings.Split(plain, "/")
	for i, s := range segments {
		if s == "." || s == ".." || s == "" && i < len(segments)-1 {
			return true
		}
	}
	return false
}
