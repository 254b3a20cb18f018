package masking

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const ruleUndecodable = "undecodable"

// queryToken is Token as a URL has it.
const queryToken = "%5Bmasked%5D"

// Query masks the query of a URL (RFC 3986, 3.4), without its question mark,
// or a form (application/x-www-form-urlencoded). The values of secret names
// are masked whole, and so are those that cannot be decoded; in others what
// the detectors find. A semicolon is taken as both a separator and not.
func (p *Policy) Query(raw string) (string, []Place) {
	p = p.orStandard()
	if raw == "" {
		return raw, nil
	}
	w := take(p)
	defer release(w)
	if out, changed := w.wholeQuery(raw); changed {
		return out, w.root.done()
	}
	params := strings.Split(raw, "&")
	rules := w.company(params)
	kept, changed := params[:0], false
	for i, param := range params {
		rule := ""
		if rules != nil {
			rule = rules[i]
		}
		out, drop := w.param(param, rule)
		if changed = changed || drop || out != param; !drop {
			kept = append(kept, out)
		}
	}
	if !changed {
		return raw, w.root.done()
	}
	joined := strings.Join(kept, "&")
	if out, changed := w.wholeQuery(joined); changed { // masking again must find nothing new
		joined = out
	}
	return joined, w.root.done()
}

// wholeQuery masks a query that is a text of its own, such as JSON sent as a
// form.
func (w *work) wholeQuery(raw string) (string, bool) {
	text := unescape(slices.Grow(w.in[:0], len(raw)), []byte(raw))
	w.in = text
	if len(text) < w.p.shortest {
		return raw, false
	}
	switch mayHold(text) {
	case jsonText:
		if out, changed, _ := w.within(text, 0); changed {
			return escape(out), true
		}
	case base64Text:
		if w.base64(text) {
			w.place(ruleNested, actionMask)
			return queryToken, true
		}
	}
	return raw, false
}

// param masks one parameter as it stands between ampersands, which rule, if any,
// calls secret because of others, or says that it is to be dropped.
func (w *work) param(raw, rule string) (out string, drop bool) {
	name, value, has := strings.Cut(raw, "=")
	plain, err := url.QueryUnescape(name)
	w.root.name = w.root.safe(plain)
	if err != nil {
		w.root.name, rule = "", ruleUndecodable
		plain = string(unescape(nil, []byte(name)))
	}
	if found := w.p.keys.findEncoded([]byte(plain)); found != "" && !w.p.counted([]byte(plain), []byte(value), found) {
		rule = found
	}
	w.canDrop = w.p.drops
	defer func() { w.canDrop = false }()
	out, masked := w.decoded(name, plain)
	if w.dropped || !has {
		return out, w.dropped
	}
	switch {
	case rule != "":
	case masked == Token: // the name was a text that the = broke in two
		rule = ruleNested
	default:
		rule = w.p.keys.find([]byte(masked)).rule
	}
	plain, err = url.QueryUnescape(value)
	if rule == "" && err != nil {
		rule = ruleUndecodable
	}
	switch {
	case rule == "":
		value, _ = w.decoded(value, plain)
		return out + "=" + value, w.dropped
	case w.action(rule).Kind == ActDrop:
		w.place(rule, actionDrop)
		return "", true
	case err != nil:
		w.place(rule, actionMask)
		return out + "=" + queryToken, false
	}
	return out + "=" + escape([]byte(w.whole(rule, plain))), false
}

// decoded masks a part of a URL by its decoded text. It returns the part as
// the URL has it and, if anything was masked, the decoded text.
func (w *work) decoded(raw, plain string) (out, masked string) {
	w.in = append(w.in[:0], plain...)
	text, changed := w.mask(w.in)
	if !changed {
		return raw, ""
	}
	return escape(text), string(text)
}

// Path masks what the detectors find in the segments of a URL's path, as it
// stands in the URL. A segment that cannot be decoded is masked whole.
func (p *Policy) Path(escaped string) (string, []Place) {
	w := take(p.orStandard())
	defer release(w)
	segments, changed := w.addressWithin(strings.Split(escaped, "/"))
	for i, seg := range segments {
		w.root.name = strconv.Itoa(i)
		plain, err := url.PathUnescape(seg)
		out := queryToken
		if err != nil {
			w.place(ruleUndecodable, actionMask)
		} else {
			out, _ = w.decoded(seg, plain)
		}
		changed = changed || out != seg
		segments[i] = out
	}
	if !changed {
		return escaped, w.root.done()
	}
	return strings.Join(segments, "/"), w.root.done()
}

// addressWithin masks what is secret in the URL that a path goes on with, such
// as its password, which no segment shows.
func (w *work) addressWithin(segments []string) ([]string, bool) {
	for i, seg := range segments {
		if i+2 >= len(segments) || segments[i+1] != "" || !strings.HasSuffix(seg, ":") && !strings.HasSuffix(seg, "%3A") && !strings.HasSuffix(seg, "%3a") {
			continue
		}
		plain, err := url.PathUnescape(strings.Join(segments[i:], "/"))
		if err != nil {
			return segments, false // its broken segments are masked whole
		}
		w.in = append(w.in[:0], plain...)
		w.root.name = strconv.Itoa(i)
		text, changed := w.mask(w.in)
		if !changed {
			return segments, false
		}
		segments = segments[:i]
		for part := range strings.SplitSeq(string(text), "/") {
			segments = append(segments, escape([]byte(part)))
		}
		return segments, true
	}
	return segments, false
}

// escape percent-encodes all but unreserved characters (RFC 3986, 2.3).
func escape(text []byte) string {
	more := 0
	for _, c := range text {
		if !unreserved(c) {
			more += 2
		}
	}
	var b strings.Builder
	b.Grow(len(text) + more)
	for _, c := range text {
		if unreserved(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte("0123456789ABCDEF"[c>>4])
		b.WriteByte("0123456789ABCDEF"[c&15])
	}
	return b.String()
}

func unreserved(c byte) bool {
	return isAlnum(c) || c == '-' || c == '.' || c == '_' || c == '~'
}
