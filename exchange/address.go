package exchange

import (
	"strings"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
)

// HideReferer masks the secrets of an address that the request names in its
// Referer.
func (x *Exchange) HideReferer() {
	value, ok := x.Request.Headers["referer"]
	if !ok {
		return
	}
	if clean := x.hideAddresses(value); clean != value {
		x.setHeader("referer", clean)
		x.hid("header", "Referer")
	}
}

// HideAnswer masks the fields of an answer that the operation calls sensitive, or
// that give back what it calls so in the request, and the secrets of the address
// in Location. The header fields are as [Masker.Headers] returns them.
func (x *Exchange) HideAnswer(headers map[string]string) (masked []record.Masked) {
	for _, name := range x.fields {
		if value, ok := headers[strings.ToLower(name)]; ok && value != masking.Token {
			headers[strings.ToLower(name)] = masking.Token
			masked = append(masked, hidden("header", name))
		}
	}
	value, ok := headers["location"]
	if !ok {
		return masked
	}
	if clean := x.hideAddresses(value); clean != value {
		headers["location"] = clean
		masked = append(masked, hidden("header", "Location"))
	}
	return masked
}

func (x *Exchange) hideAddresses(value string) string {
	if x.Plan == nil || x.Plan.Secrets == nil || value == masking.Token {
		return value
	}
	if len(value) >= maxHeader { // it was cut, so that nobody knows what it is
		return masking.Token
	}
	all := strings.Split(value, ", ") // several fields are joined
	for i, address := range all {
		all[i] = x.hideAddress(address)
	}
	return strings.Join(all, ", ")
}

// minMoved is how long a secret of this request must be to be looked for in
// addresses of others.
const minMoved = 4

// longSecrets are the secrets of this request that are looked for elsewhere.
func (x *Exchange) longSecrets() (values []string) {
	for _, v := range x.secrets {
		if len(v) >= minMoved {
			values = append(values, v)
		}
	}
	return values
}

// hideAddress masks the secrets of one address. One of another host is looked
// at too: it may be this API by another name.
func (x *Exchange) hideAddress(address string) string {
	address, fragment, hasFragment := strings.Cut(address, "#")
	origin, rest := cutOrigin(address)
	if strings.HasPrefix(rest, "//") && origin == "" { // as in //host/path
		end := strings.IndexAny(rest[2:], "/?")
		if end < 0 {
			end = len(rest) - 2
		}
		origin, rest = rest[:2+end], rest[2+end:]
	}
	relative := !strings.Contains(origin, "//") && (origin != "" || rest == "")
	if relative { // to an address, such as 5/items
		origin, rest = "", address
	}
	path, query, hasQuery := strings.Cut(rest, "?")
	s, known := x.Plan.Secrets(path)
	if !known && !x.isOwn(origin) {
		s.WholePath = false
	}
	if s.WholePath && path != "" && path != "/" {
		path = "/" + urlToken
	}
	own := strings.Split(path, "/")
	for _, n := range s.Path {
		if n+1 < len(own) && own[n+1] != "" {
			own[n+1] = urlToken
		}
	}
	values := x.longSecrets()
	for i, seg := range own {
		if holds(unescaped(seg), values) {
			own[i] = urlToken
		}
	}
	out := origin + strings.Join(own, "/")
	if hasQuery {
		var places Exchange // which are told as one
		out += "?" + places.hideQuery(query, s.Query, values)
	}
	if hasFragment {
		if holds(unescaped(fragment), values) {
			fragment = urlToken
		}
		out += "#" + fragment
	}
	return out
}

// isOwn says whether an address's origin is the one that was asked, or none.
func (x *Exchange) isOwn(origin string) bool {
	if origin == "" {
		return true
	}
	asked, _ := cutOrigin(x.Request.URL)
	_, host, _ := strings.Cut(origin, "//")
	_, own, _ := strings.Cut(asked, "//")
	return strings.EqualFold(host, own)
}
