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

// Secrets are the parameters of a request that its operation calls sensitive.
type Secrets struct {
	// Path are the numbers of the path's segments, the first being 0: in
	// /orders/5 the 5 is 1.
	Path []int
	// Query, Header and Cookie are names.
	Query, Header, Cookie []string
}

// None says that there are none.
func (s Secrets) None() bool {
	return len(s.Path)+len(s.Query)+len(s.Header)+len(s.Cookie) == 0
}

const (
	ruleSchema = "schema"
	actionMask = "mask"
)

// urlToken is [masking.Token] as a URL has it.
const urlToken = "%5Bmasked%5D"

// Hide masks secrets in the request as records tell it. path is the escaped
// path that the operation was found by. The client may have asked for another,
// before a rewrite, so its segments are looked for by what is in them. The
// values of cookies are masked in any case.
func (x *Exchange) Hide(path string, s Secrets) {
	if s.None() {
		return
	}
	origin, rest := cutOrigin(x.Request.URL)
	asked, query, hasQuery := strings.Cut(rest, "?")
	asked, moved := x.hidePath(asked, path, s.Path)
	if hasQuery {
		asked += "?" + x.hideQuery(query, s.Query, moved)
	}
	x.Request.URL = origin + asked
	x.hideHeaders(s.Header)
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

// hidePath masks the segments with these numbers in the path that the client
// asked for. If that is another than the operation's, it masks what is the same
// as they are, and returns it: it may be in the query too.
func (x *Exchange) hidePath(asked, path string, numbers []int) (clean string, moved []string) {
	if len(numbers) == 0 || !strings.HasPrefix(asked, "/") {
		return asked, nil
	}
	own, found := segments(asked), segments(path)
	same := len(own) == len(found)
	for i := 0; same && i < len(own); i++ {
		same = partlyMasked(own[i]) || unescaped(own[i]) == unescaped(found[i])
	}
	if !same {
		for _, n := range numbers {
			if n >= 0 && n < len(found) && found[n] != "" {
				moved = append(moved, unescaped(found[n]))
			}
		}
	}
	for i, seg := range own {
		secret := same && slices.Contains(numbers, i) || !same && (partlyMasked(seg) || slices.Contains(moved, unescaped(seg)))
		if seg != "" && seg != urlToken && secret {
			own[i] = urlToken
			x.hid("url", strconv.Itoa(i+1)) // as masking counts
		}
	}
	return "/" + strings.Join(own, "/"), moved
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

func unescaped(seg string) string {
	if plain, err := url.PathUnescape(seg); err == nil {
		return plain
	}
	return seg
}

// partlyMasked says whether there is a mask in a part of a URL.
func partlyMasked(seg string) bool { return strings.Contains(seg, "%5Bmasked") }

// hideQuery masks the values of these names, and the values that have moved
// here from the path.
func (x *Exchange) hideQuery(query string, names, moved []string) string {
	params := strings.Split(query, "&")
	for i, p := range params {
		name, value, _ := strings.Cut(p, "=")
		if value == "" || value == urlToken {
			continue
		}
		plainName, err := url.QueryUnescape(name)
		if err != nil {
			plainName = name
		}
		plain, err := url.QueryUnescape(value)
		if slices.Contains(names, plainName) || err == nil && slices.Contains(moved, plain) {
			params[i] = name + "=" + urlToken
			x.hid("url", plainName)
		}
	}
	return strings.Join(params, "&")
}

func (x *Exchange) hideHeaders(names []string) {
	copied := false
	for _, name := range names {
		key := strings.ToLower(http.CanonicalHeaderKey(name))
		if v, ok := x.Request.Headers[key]; !ok || v == masking.Token {
			continue
		}
		if !copied { // records made before this one hold the same map
			x.Request.Headers, copied = maps.Clone(x.Request.Headers), true
		}
		x.Request.Headers[key] = masking.Token
		x.hid("header", http.CanonicalHeaderKey(name))
	}
	if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, "User-Agent") }) && x.Client.UserAgent != "" {
		x.Client.UserAgent = masking.Token
		x.hid("header", "User-Agent")
	}
}

func (x *Exchange) hid(part, pointer string) {
	x.Masked = append(x.Masked, record.Masked{Part: part, Pointer: pointer, Rule: ruleSchema, Action: actionMask, Count: 1})
}
