package schema

import "strings"

// isURITemplate replaces the compiler's check of format uri-template, which
// refuses valid templates: RFC 6570 section 2.
func isURITemplate(s string) bool {
	for s != "" {
		open := strings.IndexByte(s, '{')
		literals := s
		if open >= 0 {
			literals = s[:open]
		}
		if !isLiterals(literals) {
			return false
		}
		if open < 0 {
			return true
		}
		end := strings.IndexByte(s[open:], '}')
		if end < 0 || !isExpression(s[open+1:open+end]) {
			return false
		}
		s = s[open+end+1:]
	}
	return true
}

// isLiterals: section 2.1, with erratum 6937: an apostrophe is one.
func isLiterals(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ' || c == 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0:
			return false
		case c == '%':
			if !isEscape(s[i:]) {
				return false
			}
		}
	}
	return true
}

// isExpression: section 2.2, between the braces.
func isExpression(s string) bool {
	if s != "" && strings.IndexByte("+#./;?&=,!@|", s[0]) >= 0 {
		s = s[1:]
	}
	for spec := range strings.SplitSeq(s, ",") {
		if !isVariable(spec) {
			return false
		}
	}
	return true
}

// isVariable: sections 2.3 and 2.4.
func isVariable(s string) bool {
	if name, ok := strings.CutSuffix(s, "*"); ok {
		s = name
	} else if name, length, ok := strings.Cut(s, ":"); ok {
		if length == "" || len(length) > 4 || length[0] == '0' || !isIndex(length) {
			return false
		}
		s = name
	}
	dot := true // a name neither begins nor ends with a dot, nor has two in a row
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.':
			if dot {
				return false
			}
			dot = true
			continue
		case c == '%':
			if !isEscape(s[i:]) {
				return false
			}
			i += 2
		case c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z'):
			return false
		}
		dot = false
	}
	return !dot
}

func isEscape(s string) bool {
	const hex = "0123456789abcdefABCDEF"
	return len(s) >= 3 && strings.IndexByte(hex, s[1]) >= 0 && strings.IndexByte(hex, s[2]) >= 0
}
