package exchange

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/masking"
)

// LoggedAddress is uri, a request's target, as a log may tell it: without what
// the operation calls secret. asked says that it is the one that the client
// asked for; else it may be what a rewrite has made of that.
func (x *Exchange) LoggedAddress(uri string, asked bool) string {
	if !asked {
		return x.hideAddresses(uri)
	}
	if _, rest := cutOrigin(x.Request.URL); x.hides && rest != "" {
		return rest
	}
	return uri
}

// LoggedHeader is h, header fields of the request or its answer, as a log may
// tell them: without what the operation calls secret, and without what may be a
// hash of a body, such as an entity tag. h itself stays as it is.
func (x *Exchange) LoggedHeader(h http.Header) http.Header {
	clean, cloned := h, false
	hide := func(name string, i int, value string) {
		if value == h[name][i] {
			return
		}
		if !cloned {
			clean, cloned = h.Clone(), true
		}
		clean[name][i] = value
	}
	secrets := x.longSecrets()
	for name, values := range h {
		for i, value := range values {
			switch {
			case slices.Contains(x.fields, fieldName(name)) || holds(value, secrets) || holds(unescaped(value), secrets):
				hide(name, i, masking.Token)
			case holdsTags(name) || name == "If-Range" && strings.Contains(value, `"`):
				hide(name, i, loggedTags(value))
			case tellsHash(name):
				hide(name, i, masking.Token)
			case name == "Referer" || name == "Location" || isAddress(value):
				hide(name, i, x.hideAddresses(value))
			default:
				hide(name, i, x.hideWithin(value))
			}
		}
	}
	return clean
}

// fieldName is a field's name as to servers that tell its words apart by
// underscores, or as they are told to (RFC 3875 section 4.1.18).
func fieldName(name string) string {
	return http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
}

// LoggedText is text that is logged about the request, such as an error or what
// log_append adds, as a log may tell it. h are the request's header fields: the
// values of those that are secret are looked for too.
func (x *Exchange) LoggedText(text string, h http.Header) string {
	secrets := x.longSecrets()
	for _, name := range x.fields {
		for _, value := range h[name] {
			if len(value) >= minMoved {
				secrets = append(secrets, value)
			}
		}
	}
	switch {
	case isAddress(text):
		text = x.hideAddresses(text)
	case holds(text, secrets):
		for _, secret := range secrets {
			text = strings.ReplaceAll(text, secret, masking.Token)
		}
	}
	if text = x.hideWithin(text); holds(unescaped(text), secrets) {
		return masking.Token
	}
	return text
}

// What stands before an address within a text, as in url=/a, </a> and for="/a",
// and what ends one.
const (
	addressBefore = " \t<\"'(=,;"
	addressEnds   = " \t<>\"')"
)

// hideWithin masks the secrets of the API's addresses that stand in a text, and
// all of a long one that has an address in it: it may have very many.
func (x *Exchange) hideWithin(text string) string {
	if x.Plan == nil || x.Plan.Secrets == nil {
		return text
	}
	var out strings.Builder
	told := 0
	for i := 1; i < len(text); i++ {
		if strings.IndexByte(addressBefore, text[i-1]) < 0 || !isAddress(text[i:]) {
			continue
		}
		if len(text) >= maxHeader {
			return masking.Token
		}
		end := len(text)
		if n := strings.IndexAny(text[i:], addressEnds); n >= 0 {
			end = i + n
		}
		address := strings.TrimRight(text[i:end], ",;:")
		_, rest := cutOrigin(address)
		path, _, _ := strings.Cut(rest, "?")
		if _, known := x.Plan.Secrets(path); known {
			out.WriteString(text[told:i])
			out.WriteString(x.hideAddresses(address))
			told = i + len(address)
		}
		i = end
	}
	return out.String() + text[told:]
}

// isAddress says whether the value of a field, such as X-Original-Uri, is a path
// or a URL.
func isAddress(value string) bool {
	return strings.HasPrefix(value, "/") || strings.HasPrefix(value, "http://") || strings.HasPrefix(value, "https://")
}

// logHides has logs leave out what records do.
func (x *Exchange) logHides(s Secrets) {
	x.hides = true
	if len(s.Header)+len(s.Cookie)+len(s.Answer) == 0 {
		return
	}
	fields := slices.Clone(x.fields)
	for _, name := range slices.Concat(s.Header, s.Answer) {
		fields = append(fields, http.CanonicalHeaderKey(name))
	}
	if len(s.Cookie) > 0 {
		fields = append(fields, "Cookie")
	}
	x.fields = fields
}
