package rerun

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/compare"
)

var errNotJSON = errors.New("not JSON")

// sentHeaders are the fields that are taken from the record. Others that records
// hold are of the connection, of the body as it was sent, or the replay's own;
// what else a record has, such as another method or a credential, no gateway
// wrote.
var sentHeaders = []string{
	"accept", "accept-language", "cache-control", "content-language", "content-type", "if-match", "if-none-match",
	"last-modified", "origin", "prefer", "range", "referer", "retry-after",
}

// headers makes the fields ready: those on record that are sent again, then
// those that the options set.
func (f *filling) headers() {
	h := http.Header{"Accept-Encoding": {"identity"}}
	for name, value := range f.step.Request.Headers {
		if !slices.Contains(sentHeaders, name) {
			continue
		}
		switch {
		case compare.HasMark(value):
			before := len(f.out.unfilled)
			value = f.text(value, place{Part: "header", Pointer: name, Field: canonical(name)}, asIs)
			if len(f.out.unfilled) > before {
				continue
			}
		case name == "if-match" || name == "if-none-match":
			if value = f.etags(value); strings.Contains(value, `"`+record.KeyedTag) {
				f.out.unfilled = append(f.out.unfilled, "header "+name) // nobody knows what it was
				continue
			}
		case name == "origin" || name == "referer":
			value = f.moved(value)
		}
		h.Set(name, value)
	}
	if b := f.step.Request.Body; b != nil && h.Get("Content-Type") == "" && b.Type != "" {
		h.Set("Content-Type", b.Type)
	}
	if media, params, has := strings.Cut(h.Get("Content-Type"), ";"); has && strings.Contains(strings.ToLower(params), "charset") {
		h.Set("Content-Type", media+"; charset=utf-8") // bodies are on record in UTF-8
	}
	if agent := f.step.UserAgent; agent != "" && !compare.HasMark(agent) {
		h.Set("User-Agent", agent)
	} else {
		h.Set("User-Agent", "caddyrec-replay")
	}
	if cookies := f.cookies(); cookies != "" {
		h.Set("Cookie", cookies)
	}
	for _, set := range f.opts.Headers {
		if value, ok := set.value(f.learned); ok {
			h.Set(set.Name, value)
		} else {
			h.Del(set.Name)
			f.out.unfilled = append(f.out.unfilled, "header "+strings.ToLower(set.Name))
		}
	}
	f.out.header = h
}

// etags puts learned entity tags in place of the recorded ones.
func (f *filling) etags(value string) string {
	all := strings.Split(value, ", ")
	for i, tag := range all {
		if now, ok := f.learned.id([]string{"etag"}, tag); ok {
			all[i] = now
		}
	}
	return strings.Join(all, ", ")
}

// moved is an address of the recorded site at the target.
func (f *filling) moved(address string) string {
	origin, _ := f.step.origin()
	if rest, ok := strings.CutPrefix(address, origin); ok && (rest == "" || rest[0] == '/') {
		return originOf(f.opts.Target) + rest
	}
	return address
}

// cookies are those of the recorded names: what the target has set in this
// session, or else what was masked. One that nobody knows is left out.
func (f *filling) cookies() string {
	recorded := f.step.Request.Headers["cookie"]
	if recorded == "" {
		return ""
	}
	set := map[string]string{}
	for _, c := range f.jar(f.step.Session).Cookies(f.opts.Target) {
		set[c.Name] = c.Value
	}
	var out []string
	for pair := range strings.SplitSeq(recorded, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if now, ok := set[name]; ok {
			out = append(out, name+"="+now)
			f.out.filled = append(f.out.filled, Filled{Place: "cookie " + name, From: FromAnswer})
			continue
		}
		if v, ok := f.value(place{Part: "cookie", Pointer: name, Field: canonical(name), Mark: value}); ok {
			out = append(out, name+"="+textOf(v))
		}
	}
	return strings.Join(out, "; ")
}

// Header is a field that every request gets, in place of the recorded one.
type Header struct {
	Name string
	// Value may have {answer.<field>} in it, which stands for the newest value
	// of that field in the target's answers. A request before there is one is
	// sent without the field.
	Value string
	// Secret says that the value is told nowhere.
	Secret bool
}

const answerBegin = "{answer."

// field is the one that the value names, empty if there is none.
func (h Header) field() string {
	_, rest, ok := strings.Cut(h.Value, answerBegin)
	name, _, closed := strings.Cut(rest, "}")
	if !ok || !closed {
		return ""
	}
	return name
}

func (h Header) value(l *learned) (string, bool) {
	name := h.field()
	if name == "" {
		return h.Value, true
	}
	now, ok := l.latest(name)
	return strings.Replace(h.Value, answerBegin+name+"}", now, 1), ok
}
