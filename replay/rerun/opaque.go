package rerun

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
)

var (
	uuidForm   = regexp.MustCompile(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	opaqueForm = regexp.MustCompile(`^[A-Za-z0-9_~+/=.-]{8,512}$`)
	numberForm = regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]+)*$`)
	shortForm  = regexp.MustCompile(`^(W/)?"?[A-Za-z0-9][A-Za-z0-9_.:#/+=-]{0,63}"?$`)
	dateForm   = regexp.MustCompile(`^\d{4}-\d\d-\d\d`)
)

// isOpaque says whether a text was most likely made by a machine to be told
// from all others: nobody means another thing by the same text.
func isOpaque(text string) bool {
	if uuidForm.MatchString(text) {
		return true
	}
	if !opaqueForm.MatchString(text) || numberForm.MatchString(text) || dateForm.MatchString(text) || isTime(text) {
		return false
	}
	digits, letters, changes := 0, 0, 0
	was := byte(0)
	for i := range len(text) {
		kind := byte('-')
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			kind = '0'
			digits++
		case c >= 'a' && c <= 'z':
			kind = 'a'
			letters++
		case c >= 'A' && c <= 'Z':
			kind = 'A'
			letters++
		}
		if kind != was {
			changes++
		}
		was = kind
	}
	// ord_8f2a9c and b1946ac92492d234 are; order-2026 and InternalServerError are
	// not. Versions and names of files have dots, as have longer tokens.
	if strings.Contains(text, ".") && len(text) < 20 {
		return false
	}
	return digits >= 2 && letters >= 2 && changes >= 4 || letters >= 8 && changes >= 8
}

// isMadeLike says whether a text may come from where an opaque one does though it
// does not show: one in some hundred of random hexadecimal texts happens to have
// no letter. Behind a prefix that both have, as ord_, all is digits then: a word
// with a digit at its end is still a word.
func isMadeLike(opaque, text string) bool {
	if len(text) != len(opaque) {
		return false
	}
	made := 0 // where it begins
	for i := 0; i < len(text) && text[i] == opaque[i]; i++ {
		if !isAlphanumeric(text[i]) {
			made = i + 1
		}
	}
	for i := made; i < len(text); i++ {
		a, b := opaque[i], text[i]
		isDigit := b >= '0' && b <= '9'
		if isAlphanumeric(a) && !isDigit || !isAlphanumeric(a) && a != b {
			return false
		}
	}
	return made < len(text)
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func isTime(text string) bool {
	for _, layout := range []string{time.RFC3339, time.RFC1123, time.RFC1123Z, "2006-01-02T15:04:05"} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

// plainText is a string's or a number's text.
func plainText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case json.Number:
		return v.String(), true
	}
	return "", false
}
