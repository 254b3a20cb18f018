package openapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/schema"
)

// media is a declared media type or range.
type media struct {
	name   string // lower case, without parameters
	schema *schema.Schema
}

// rank orders media types: exact before type/* before */*.
func (m media) rank() int {
	switch {
	case m.name == "*/*":
		return 2
	case strings.HasSuffix(m.name, "/*"):
		return 1
	}
	return 0
}

// covers says that a media type is this one or within this range.
func (m media) covers(name string) bool {
	switch m.rank() {
	case 2:
		return true
	case 1:
		return strings.HasPrefix(name, m.name[:len(m.name)-1])
	}
	return m.name == name
}

// find is the schema of a media type as it was sent; false where it is not
// declared, or is no media type.
func (b *body) find(mediaType string) (*schema.Schema, bool) {
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	name, ok := essence(mediaType)
	if !ok {
		return nil, false
	}
	for _, m := range b.media {
		if m.covers(name) {
			return m.schema, true
		}
	}
	return nil, false
}

// essence is a media type without parameters, in lower case; false if it is not
// type/subtype.
func essence(mediaType string) (string, bool) {
	name, _, _ := strings.Cut(mediaType, ";")
	name = strings.ToLower(strings.Trim(name, " \t"))
	kind, sub, ok := strings.Cut(name, "/")
	return name, ok && isToken(kind) && isToken(sub)
}

// isToken: RFC 9110 section 5.6.2.
func isToken(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return text != ""
}

// response is what is declared for a status; nil if nothing is.
func (o *Operation) response(status int) *body {
	if status < 100 || status > 999 {
		return nil
	}
	if b, ok := o.responses[strconv.Itoa(status)]; ok {
		return b
	}
	if b, ok := o.responses[strconv.Itoa(status/100)+"XX"]; ok {
		return b
	}
	return o.responses["default"]
}

// statusKey is a key of responses as it is kept; false if it is none.
func statusKey(key string) (string, bool) {
	if key == "default" {
		return key, true
	}
	key = strings.ToUpper(key)
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	if len(key) != 3 || key[0] < '1' || key[0] > '5' {
		return "", false
	}
	return key, key[1:] == "XX" || digit(key[1]) && digit(key[2])
}

// sortMedia puts exact types before ranges; of two that are the same but for
// their parameters the first by name comes first.
func sortMedia(all []media) {
	slices.SortStableFunc(all, func(a, b media) int { return a.rank() - b.rank() })
}
