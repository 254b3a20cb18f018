package schema

import (
	"net/url"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// maxPointer bounds the pointer of a fault: keys are the client's, and long ones
// are no help.
const maxPointer = 1024

// The compiler writes a pointer's token with ~0 and ~1 and then percent
// encoding; escapeURL and unescapeToken are that and its reverse, in the
// compiler's own order.

func escapeToken(tok string) string { return jsonscan.EscapeToken(tok) }

func escapeURL(tok string) string { return url.PathEscape(escapeToken(tok)) }

func unescapeToken(tok string) string {
	tok = jsonscan.UnescapeToken(tok)
	if plain, err := url.PathUnescape(tok); err == nil {
		return plain
	}
	return tok
}

// plainPointer is an RFC 6901 pointer from the compiler's percent-encoded one.
func plainPointer(p string) string {
	if plain, err := url.PathUnescape(p); err == nil {
		return plain
	}
	return p
}

// parent is the pointer of the object or array that holds p.
func parent(p string) string {
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		return p[:i]
	}
	return ""
}

// ancestor is p, or where p is too long the nearest place above it that is not.
func ancestor(p string) string {
	for len(p) > maxPointer {
		p = parent(p)
	}
	return p
}
