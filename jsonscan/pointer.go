package jsonscan

import (
	"slices"
	"strconv"
	"strings"
)

var tokenUnescaper = strings.NewReplacer("~0", "~", "~1", "/")

// EscapeToken is a member's name as it stands between the slashes of a JSON
// Pointer (RFC 6901 section 3).
func EscapeToken(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return string(appendToken(nil, []byte(name)))
}

func appendToken(dst, name []byte) []byte {
	for _, c := range name {
		switch c {
		case '~':
			dst = append(dst, "~0"...)
		case '/':
			dst = append(dst, "~1"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// UnescapeToken is the reverse of EscapeToken.
func UnescapeToken(token string) string { return tokenUnescaper.Replace(token) }

// AppendPointer appends the JSON Pointer (RFC 6901) of the key or value just
// returned to dst: for a Key that of its member, for an End token that of the
// array or object it ends.
func (s *Scanner) AppendPointer(dst []byte) []byte {
	for i := range s.stack {
		f := &s.stack[i]
		switch {
		case f.array && f.index >= 0:
			dst = strconv.AppendInt(append(dst, '/'), int64(f.index), 10)
		case !f.array && f.end > 0:
			text := s.src[f.key+1 : f.end-1]
			if f.escaped {
				s.buf = AppendString(s.buf[:0], s.src[f.key:f.end])
				text = s.buf
			}
			dst = appendToken(append(slices.Grow(dst, len(text)+1), '/'), text)
		}
	}
	return dst
}
