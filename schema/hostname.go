package schema

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	maxLabel = 63
	maxHost  = 253
)

// isHostname: RFC 1123 section 2.1; labels that begin with xn-- are RFC 5890's.
func isHostname(s string) bool {
	if len(s) > maxHost {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isASCIILabel(label) {
			return false
		}
	}
	return true
}

// isIDNHostname: RFC 5890 section 2.3.2.3, with the separators of RFC 3490.
func isIDNHostname(s string) bool {
	if len(s) > maxHost*utf8.UTFMax { // the work on a label is quadratic
		return false
	}
	labels := strings.FieldsFunc(s, isSeparator)
	if strings.Count(strings.Map(func(r rune) rune {
		if isSeparator(r) {
			return '.'
		}
		return 'x'
	}, s), ".") != len(labels)-1 { // an empty one
		return false
	}
	size := len(labels) - 1
	rightToLeft := false
	for i, label := range labels {
		ascii, ok := asciiOf(label)
		if !ok {
			return false
		}
		labels[i], size = ascii, size+len(ascii)
		rightToLeft = rightToLeft || strings.ContainsFunc(unicodeOf(ascii), isRightToLeft)
	}
	if rightToLeft { // RFC 5893 section 2 is about all labels then
		for _, label := range labels {
			if _, err := bidi.ToUnicode(label); err != nil || isDigit(label[0]) {
				return false
			}
		}
	}
	return size <= maxHost
}

func isSeparator(r rune) bool { return r == '.' || r == '。' || r == '．' || r == '｡' }

var bidi = idna.New(idna.BidiRule())

func isRightToLeft(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko)
}

// asciiOf is the A-label of a label, or the label if it is of ASCII.
func asciiOf(label string) (ascii string, ok bool) {
	if strings.IndexFunc(label, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return label, isASCIILabel(label)
	}
	if !isUnicodeLabel(label) {
		return "", false
	}
	ascii, err := idna.Punycode.ToASCII(label)
	return ascii, err == nil && len(ascii) <= maxLabel
}

func unicodeOf(ascii string) string {
	text, err := idna.Punycode.ToUnicode(ascii)
	if err != nil {
		return ascii
	}
	return text
}

func isASCIILabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '-' {
			return false
		}
	}
	if len(s) < 4 || !strings.EqualFold(s[:4], "xn--") {
		return true
	}
	lower := strings.ToLower(s)
	text, err := idna.Punycode.ToUnicode(lower)
	if err != nil || text == lower || !isUnicodeLabel(text) {
		return false
	}
	again, err := idna.Punycode.ToASCII(text)
	return err == nil && again == lower
}

var labels = idna.New(idna.ValidateLabels(true), idna.CheckHyphens(true), idna.CheckJoiners(true), idna.StrictDomainName(true), idna.BidiRule())

// isUnicodeLabel: RFC 5891 section 4.2, RFC 5892, RFC 5893.
func isUnicodeLabel(s string) bool {
	if _, err := labels.ToASCII(s); err != nil || !utf8.ValidString(s) {
		return false
	}
	runes := []rune(s)
	if strings.HasPrefix(string(runes[min(2, len(runes)):]), "--") {
		return false
	}
	beyond := false
	for i, r := range runes {
		beyond = beyond || r >= utf8.RuneSelf
		if !isPermitted(r) || !inContext(runes, i) {
			return false
		}
	}
	return beyond
}

// isPermitted: RFC 5892 sections 2.1 and 2.6, and what is permitted in context.
func isPermitted(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return true // looked at by idna
	case strings.ContainsRune("\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b", r):
		return false
	case strings.ContainsRune("\u06fd\u06fe\u0f0b\u3007\u00b7\u0375\u05f3\u05f4\u30fb\u200c\u200d", r):
		return true
	}
	return unicode.In(r, unicode.Ll, unicode.Lo, unicode.Lm, unicode.Mn, unicode.Mc, unicode.Nd)
}

// inContext: RFC 5892 appendix A, rules 3 to 9; idna knows the first two.
func inContext(s []rune, i int) bool {
	at := func(i int) rune {
		if i < 0 || i >= len(s) {
			return -1
		}
		return s[i]
	}
	some := func(of func(r rune) bool) bool { return strings.ContainsFunc(string(s), of) }
	switch r := s[i]; {
	case r == '\u00b7':
		return at(i-1) == 'l' && at(i+1) == 'l'
	case r == '\u0375':
		return unicode.Is(unicode.Greek, at(i+1))
	case r == '\u05f3' || r == '\u05f4':
		return unicode.Is(unicode.Hebrew, at(i-1))
	case r == '\u30fb':
		return some(func(r rune) bool {
			return r != '\u30fb' && unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han)
		})
	case r >= '\u0660' && r <= '\u0669':
		return !some(func(r rune) bool { return r >= '\u06f0' && r <= '\u06f9' })
	}
	return true
}

// isIDNEmail: RFC 6531 section 3.3.
func isIDNEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 {
		return false
	}
	host := s[at+1:]
	if literal, ok := strings.CutPrefix(host, "["); ok {
		host, ok = strings.CutSuffix(strings.TrimPrefix(literal, "IPv6:"), "]")
		return ok && (isIPv4(host) || strings.HasPrefix(literal, "IPv6:") && isIPLiteral(host))
	}
	if !isIDNHostname(host) {
		return false
	}
	parsed, err := mail.ParseAddress(s[:at] + "@example.com")
	return err == nil && parsed.Name == "" && strings.HasSuffix(parsed.Address, "@example.com")
}
