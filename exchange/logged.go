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
// tell them: without what the operation calls secret. h itself stays as it is.
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
			case slices.Contains(x.fields, name) || holds(value, secrets):
				hide(name, i, masking.Token)
			case name == "Referer" || name == "Location" || isAddress(value):
				hide(name, i, x.hideAddresses(value))
			}
		}
	}
	return clean
}

// isAddress says whether the value of a field, such as X-Original-Uri, is a path
// or a URL.
func isAddress(value string) bool {
	return strings.HasPrefix(value, "/") || strings.HasPrefix(value, "http://") || strings.HasPrefix(value, "https://")
}

// logHides has logs leave out what records do.
func (x *Exchange) logHides(s Secrets) {
	x.hides = true
	if len(s.Header)+len(s.Cookie) == 0 {
		return
	}
	fields := slices.Clone(x.fields)
	for _, name := range s.Header {
		fields = append(fields, http.CanonicalHeaderKey(name))
	}
	if len(s.Cookie) > 0 {
		fields = append(fields, "Cookie")
	}
	x.fields = fields
}
