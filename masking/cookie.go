package masking

import (
	"strconv"
	"strings"
	"time"
)

// Cookies masks the value of a request's Cookie field (RFC 6265, 4.2): the value
// of each cookie as a whole, because no name tells that a cookie is harmless.
// Names stay. The rule is the name's own if it is secret, else that of names of
// cookies; a place's pointer is the cookie's name.
func (p *Policy) Cookies(value string) (string, []Place) {
	return p.cookies(value, false)
}

// SetCookie masks the value of an answer's Set-Cookie field (RFC 6265, 4.1) as
// [Policy.Cookies] does, but for the cookie's attributes: those that are well
// formed stay.
func (p *Policy) SetCookie(value string) (string, []Place) {
	return p.cookies(value, true)
}

func (p *Policy) cookies(value string, attributes bool) (string, []Place) {
	p = p.orStandard()
	w := take(p)
	defer release(w)
	pairs := strings.Split(value, ";")
	kept := pairs[:0]
	for i, raw := range pairs {
		blank := raw[:len(raw)-len(strings.TrimLeft(raw, " \t"))]
		if out, drop := w.cookie(strings.TrimSpace(raw), attributes && i > 0); !drop {
			kept = append(kept, blank+out)
		}
	}
	if len(kept) < len(pairs) && len(kept) > 0 {
		kept[0] = strings.TrimLeft(kept[0], " \t") // it may not have been the first
	}
	return strings.Join(kept, ";"), w.root.done()
}

const ruleCookie = "key:cookie"

// cookie masks one cookie, or what may be an attribute of one.
func (w *work) cookie(pair string, attribute bool) (out string, drop bool) {
	if pair == "" {
		return pair, false
	}
	name, value, has := strings.Cut(pair, "=")
	if attribute && isCookieAttribute(strings.ToLower(strings.TrimSpace(name)), value, has) {
		w.root.name = name
		return w.whatDetectorsFind(pair), false
	}
	if !has { // a value without a name, as browsers take it
		name, value = "", name
	}
	w.root.name = w.root.safe(name)
	rule := w.p.keys.findEncoded([]byte(name))
	if rule == "" {
		rule = ruleCookie
	}
	if w.action(rule).Kind == ActDrop {
		w.place(rule, actionDrop)
		return "", true
	}
	clean := w.whatDetectorsFind(name)
	if has {
		clean += "="
	}
	return clean + w.whole(rule, strings.Trim(strings.TrimSpace(value), `"`)), false
}

// isCookieAttribute says whether name, in lower case, is an attribute of
// Set-Cookie and its value one that it may have.
func isCookieAttribute(name, value string, has bool) bool {
	value = strings.TrimSpace(value)
	switch name {
	case "secure", "httponly", "partitioned":
		return !has
	case "samesite":
		return strings.EqualFold(value, "lax") || strings.EqualFold(value, "strict") || strings.EqualFold(value, "none")
	case "priority":
		return strings.EqualFold(value, "low") || strings.EqualFold(value, "medium") || strings.EqualFold(value, "high")
	case "max-age":
		_, err := strconv.ParseInt(value, 10, 64)
		return err == nil
	case "expires":
		for _, form := range []string{time.RFC1123, "Mon, 02-Jan-2006 15:04:05 MST", time.RFC850, time.ANSIC} {
			if _, err := time.Parse(form, value); err == nil {
				return true
			}
		}
		return false
	case "path":
		return strings.HasPrefix(value, "/")
	case "domain":
		return value != "" && strings.Trim(strings.ToLower(value), "abcdefghijklmnopqrstuvwxyz0123456789.-") == "" && strings.Contains(value, ".")
	}
	return false
}
