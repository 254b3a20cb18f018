package exchange

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
)

// Secrets are the parameters of a request, and the header fields of its answer,
// that its operation calls sensitive.
type Secrets struct {
	// Path are the numbers of the path's segments, the first being 0: in
	// /orders/5 the 5 is 1.
	Path []int
	// WholePath says that a secret may be anywhere in the path.
	WholePath bool
	// Query, Header and Cookie are names. A name in Query stands for what is
	// below it too, as in filter[max] and filter.max.
	Query, Header, Cookie []string
	// Answer are names of header fields of the answer.
	Answer []string
}

// None says that there are none.
func (s Secrets) None() bool {
	return len(s.Path)+len(s.Query)+len(s.Header)+len(s.Cookie)+len(s.Answer) == 0 && !s.WholePath
}

const (
	ruleSchema = "schema"
	actionMask = "mask"
)

// urlToken is [masking.Token] as a URL has it.
const urlToken = "%5Bmasked%5D"

// Hide masks secrets in the request as records tell it. path and query are the
// escaped ones that the operation was found by. The client may have asked for
// others, before a rewrite, so what was secret there is looked for by what is in
// it. The values of cookies are masked in any case.
func (x *Exchange) Hide(path, query string, s Secrets) {
	if s.None() {
		return
	}
	origin, rest := cutOrigin(x.Request.URL)
	asked, askedQuery, hasQuery := strings.Cut(rest, "?")
	asked, moved := x.hidePath(asked, path, s)
	moved = append(moved, movedValues(askedQuery, query, s.Query)...)
	if len(moved) > 0 {
		asked = x.hideMoved(asked, moved)
	}
	if hasQuery {
		asked += "?" + x.hideQuery(askedQuery, s.Query, moved)
	}
	x.Request.URL = origin + asked
	x.secrets = append(x.secrets, moved...)
	x.hideHeaders(s.Header)
	x.logHides(s)
}

// cutOrigin cuts a URL before its path.
func cutOrigin(u string) (origin, rest string) {
	at := strings.Index(u, "://")
	if at < 0 {
		at = -3
	}
	if i := strings.IndexAny(u[at+3:], "/?"); i >= 0 {
		return u[:at+3+i], u[at+3+i:]
	}
	return u, ""
}

// hidePath masks the segments that are secret in the path that the client asked
// for. If that is another than the operation's, it returns what is in them: it
// may be anywhere.
func (x *Exchange) hidePath(asked, path string, s Secrets) (clean string, moved []string) {
	if !strings.HasPrefix(asked, "/") {
		return asked, nil
	}
	if s.WholePath {
		x.secrets = append(x.secrets, asked, unescaped(asked), path, unescaped(path))
		return x.hideWhole(asked), nil
	}
	if len(s.Path) == 0 {
		return asked, nil
	}
	own, found := segments(asked), segments(path)
	same := len(own) == len(found)
	for i := 0; same && i < len(own); i++ {
		same = partlyMasked(own[i]) || unescaped(own[i]) == unescaped(found[i])
	}
	for _, n := range s.Path {
		if n < 0 || n >= len(found) || found[n] == "" {
			continue
		}
		if !same {
			moved = append(moved, unescaped(found[n]))
			continue
		}
		x.secrets = append(x.secrets, unescaped(found[n]))
		if own[n] != urlToken {
			own[n] = urlToken
			x.hid("url", strconv.Itoa(n+1)) // as masking counts
		}
	}
	return "/" + strings.Join(own, "/"), moved
}

// hideWhole masks all of a path as one.
func (x *Exchange) hideWhole(path string) string {
	if path == "/" {
		return path
	}
	x.hid("url", "1")
	return "/" + urlToken
}

// hideMoved masks the segments of a path that hold one of the values.
func (x *Exchange) hideMoved(path string, values []string) string {
	own := strings.Split(path, "/")
	for i, seg := range own {
		if seg != "" && seg != urlToken && (partlyMasked(seg) || holds(unescaped(seg), values)) {
			own[i] = urlToken
			x.hid("url", strconv.Itoa(i))
		}
	}
	return strings.Join(own, "/")
}

// holds says whether any of the values is in text.
func holds(text string, values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(text, v) })
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

func unescaped(seg string) string {
	if plain, err := url.PathUnescape(seg); err == nil {
		return plain
	}
	return seg
}

func unescapedQuery(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// partlyMasked says whether there is a mask in a part of a URL.
func partlyMasked(seg string) bool { return strings.Contains(seg, "%5Bmasked") }

// movedValues are the values of these names in a query that have other names in
// the one that the client asked with.
func movedValues(asked, query string, names []string) (moved []string) {
	if len(names) == 0 || query == "" {
		return nil
	}
	stayed := map[string]bool{}
	for _, field := range fields(asked) {
		name, _, _ := strings.Cut(field, "=")
		if name = unescapedQuery(name); named(names, name) {
			stayed[name] = true
		}
	}
	for _, field := range fields(query) {
		name, value, _ := strings.Cut(field, "=")
		name, value = unescapedQuery(name), unescapedQuery(value)
		if value != "" && !stayed[name] && len(moved) < maxMasked && named(names, name) {
			moved = append(moved, value)
		}
	}
	return moved
}

func fields(query string) []string {
	return strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
}

// named says whether a parameter is one of these names, or below one. To some,
// their case is all the same.
func named(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		if len(name) < len(n) || !strings.EqualFold(name[:len(n)], n) {
			return false
		}
		rest := name[len(n):]
		return rest == "" || rest[0] == '[' || rest[0] == '.' || strings.HasSuffix(n, "[")
	})
}

// hideQuery masks the values of these names, and what holds a value that has
// moved here. To some, a semicolon separates parameters too.
func (x *Exchange) hideQuery(query string, names, moved []string) string {
	params := strings.Split(query, "&")
	for i, p := range params {
		out, done := x.hideParam(p, names, moved)
		if !done && strings.Contains(p, ";") {
			pieces := strings.Split(p, ";")
			for j, piece := range pieces {
				pieces[j], _ = x.hideParam(piece, names, moved)
			}
			out = strings.Join(pieces, ";")
		}
		params[i] = out
	}
	return strings.Join(params, "&")
}

func (x *Exchange) hideParam(p string, names, moved []string) (out string, done bool) {
	name, value, _ := strings.Cut(p, "=")
	plain := unescapedQuery(name)
	switch {
	case holds(plain, moved):
		x.hid("url", "")
		return urlToken, true
	case value == "" || value == urlToken:
		return p, false
	case named(names, plain) || holds(unescapedQuery(value), moved):
		x.hid("url", plain)
		return name + "=" + urlToken, true
	}
	return p, false
}

func (x *Exchange) hideHeaders(names []string) {
	for _, name := range names {
		key := strings.ToLower(http.CanonicalHeaderKey(name))
		if v, ok := x.Request.Headers[key]; ok && v != masking.Token {
			x.setHeader(key, masking.Token)
			x.hid("header", http.CanonicalHeaderKey(name))
		}
	}
	if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, "User-Agent") }) && x.Client.UserAgent != "" {
		x.Client.UserAgent = masking.Token
		x.hid("header", "User-Agent")
	}
}

// setHeader changes a field of the request in records made from now on: those
// made before hold the same map.
func (x *Exchange) setHeader(key, value string) {
	x.Request.Headers = maps.Clone(x.Request.Headers)
	x.Request.Headers[key] = value
}

func (x *Exchange) hid(part, pointer string) {
	x.Masked = addMasked(x.Masked, hidden(part, pointer))
}

func hidden(part, pointer string) record.Masked {
	return record.Masked{Part: part, Pointer: pointer, Rule: ruleSchema, Action: actionMask, Count: 1}
}
