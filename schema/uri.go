package schema

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// isURI: RFC 3986 section 3; with iri, RFC 3987 section 2.2.
func isURI(s string, iri bool) bool {
	scheme, rest, ok := cutScheme(s)
	return ok && scheme && isRelative(rest, iri)
}

// isURIReference: RFC 3986 section 4.1.
func isURIReference(s string, iri bool) bool {
	_, rest, ok := cutScheme(s)
	return ok && isRelative(rest, iri)
}

// cutScheme takes the scheme off; not ok where there is a colon, but no scheme,
// in the first segment.
func cutScheme(s string) (scheme bool, rest string, ok bool) {
	i := strings.IndexAny(s, ":/?#")
	if i < 0 || s[i] != ':' {
		return false, s, true
	}
	for j := range i {
		c := s[j]
		if !isLetter(c) && (j == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.') {
			return false, s, false
		}
	}
	return i > 0, s[i+1:], i > 0
}

// isRelative: what follows a scheme, or stands for itself.
func isRelative(s string, iri bool) bool {
	s, fragment, _ := strings.Cut(s, "#")
	s, query, _ := strings.Cut(s, "?")
	if authority, ok := strings.CutPrefix(s, "//"); ok {
		end := strings.IndexByte(authority, '/')
		if end < 0 {
			end = len(authority)
		}
		if !isAuthority(authority[:end], iri) {
			return false
		}
		s = authority[end:]
	}
	return consistsOf(s, ":@/", iri, false) && consistsOf(query, ":@/?", iri, iri) && consistsOf(fragment, ":@/?", iri, false)
}

// isAuthority: RFC 3986 section 3.2.
func isAuthority(s string, iri bool) bool {
	if user, host, ok := strings.Cut(s, "@"); ok {
		if !consistsOf(user, ":", iri, false) {
			return false
		}
		s = host
	}
	host, port := s, ""
	if literal, ok := strings.CutPrefix(s, "["); ok {
		end := strings.IndexByte(literal, ']')
		if end < 0 || !isIPLiteral(literal[:end]) {
			return false
		}
		if host, port = "", literal[end+1:]; port != "" && port[0] != ':' {
			return false
		}
	} else if i := strings.IndexByte(s, ':'); i >= 0 {
		host, port = s[:i], s[i:]
	}
	return consistsOf(host, "", iri, false) && strings.Trim(strings.TrimPrefix(port, ":"), "0123456789") == ""
}

func isIPLiteral(s string) bool {
	if s != "" && s[0]|0x20 == 'v' { // an address of the future
		version, address, ok := strings.Cut(s[1:], ".")
		return ok && version != "" && strings.Trim(version, "0123456789abcdefABCDEF") == "" &&
			address != "" && !strings.Contains(address, "%") && consistsOf(address, ":", false, false)
	}
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Is6() && ip.Zone() == ""
}

// consistsOf says that s is of unreserved characters, subdelimiters, escapes and
// those more; in an IRI also of characters beyond ASCII, private ones where they
// may be.
func consistsOf(s, more string, iri, private bool) bool {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case isLetter(c) || isDigit(c) || strings.IndexByte("-._~!$&'()*+,;=", c) >= 0 || strings.IndexByte(more, c) >= 0:
			i++
		case c == '%' && isEscape(s[i:]):
			i += 3
		case c >= utf8.RuneSelf && iri:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 || !isIRICharacter(r, private) {
				return false
			}
			i += n
		default:
			return false
		}
	}
	return true
}

// isIRICharacter: ucschar and iprivate of RFC 3987 section 2.2.
func isIRICharacter(r rune, private bool) bool {
	switch {
	case r < 0xa0 || r >= 0xfdd0 && r < 0xfdf0 || r&0xffff >= 0xfffe || r >= 0xfff0 && r <= 0xffff:
		return false
	case r >= 0xe000 && r < 0xf900 || r >= 0xf0000:
		return private
	}
	return r < 0xe0000 || r >= 0xe1000
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
