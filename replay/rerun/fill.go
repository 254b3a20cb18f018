package rerun

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/compare"
)

// request is a recorded request made ready to be sent.
type request struct {
	rest   string // path and query
	header http.Header
	body   []byte
	coding string // of the body, where it is as it was sent
	filled []Filled
	// unfilled are places that could not be filled; missing says that a mark
	// would be sent in place of a value.
	unfilled []string
	missing  bool
}

// filling makes one request ready.
type filling struct {
	*runner
	step *Step
	path string
	out  request
}

// fill puts learned ids in place of recorded ones, and values in place of marks.
func (r *runner) fill(s *Step) *request {
	f := &filling{runner: r, step: s, path: s.path()}
	f.url()
	f.headers()
	f.body()
	return &f.out
}

// value is what belongs into a place. It reports false when there is nothing.
func (f *filling) value(p place) (any, bool) {
	p.Exchange, p.Rule = f.step.Exchange, f.step.rule(p.Part, p.Pointer)
	if p.Field == "" {
		p.Field = canonical(lastName(p.Pointer))
	}
	v, from := f.lookUp(p)
	name := p.Part + " " + f.hidden.hide(p.Pointer)
	if from == "" {
		f.out.unfilled = append(f.out.unfilled, name)
		if p.Part == "request" || p.Part == "url" { // fields and cookies are left out
			f.out.missing = f.out.missing || p.Mark != ""
		}
		return nil, false
	}
	f.hidden.add(scalars(v, nil)...)
	f.out.filled = append(f.out.filled, Filled{Place: name, From: from})
	return v, true
}

func (f *filling) lookUp(p place) (v any, from Source) {
	if v, ok := f.opts.Secrets.fill(p); ok {
		return v, FromSecrets
	}
	learned, sure, known := f.learned.secret(p.Field, p.Mark)
	if known && sure {
		return learned, FromAnswer
	}
	if !p.within {
		if v, ok := f.opts.Originals.fill(p); ok {
			return v, FromOriginal
		}
	}
	switch {
	case known:
		return learned, FromAnswer
	case f.opts.StandIns && p.Part != "cookie":
		return standIn(p), FromStandIn
	}
	return nil, ""
}

// whole is the original of a value of which a part was masked.
func (f *filling) whole(p place) (any, bool) {
	p.Exchange = f.step.Exchange
	v, ok := f.opts.Originals.fill(p)
	if ok {
		f.hidden.add(scalars(v, nil)...)
		f.out.filled = append(f.out.filled, Filled{Place: p.Part + " " + f.hidden.hide(p.Pointer), From: FromOriginal})
	}
	return v, ok
}

// textOf is a value within a text.
func textOf(v any) string {
	if text, ok := plainText(v); ok {
		return text
	}
	return string(jsonText(v))
}

// text fills the marks in a text; escape is how the text writes a value.
func (f *filling) text(recorded string, p place, escape func(string) string) string {
	marks := compare.Marks(recorded)
	if len(marks) == 0 {
		return recorded
	}
	if p.within = marks[0] != recorded; p.within {
		if v, ok := f.whole(p); ok {
			return escape(textOf(v))
		}
	}
	var out strings.Builder
	for _, mark := range marks {
		before, after, _ := strings.Cut(recorded, mark)
		out.WriteString(before)
		recorded = after
		p.Mark = mark
		if strings.HasPrefix(mark, "%") {
			p.Mark = unescapedPath(mark)
		}
		if v, ok := f.value(p); ok {
			out.WriteString(escape(textOf(v)))
		} else {
			out.WriteString(mark)
		}
	}
	return out.String() + recorded
}

func asIs(s string) string { return s }

func (f *filling) url() {
	_, rest := f.step.origin()
	path, query, hasQuery := strings.Cut(rest, "?")
	segments := strings.Split(path, "/")
	recorded := slices.Clone(segments)
	for i, seg := range recorded {
		if i == 0 || seg == "" {
			continue
		}
		if compare.HasMark(seg) {
			n := strconv.Itoa(i)
			segments[i] = f.text(seg, place{Part: "url", Pointer: n, Field: "path:" + n}, url.PathEscape)
		} else if now, ok := f.learned.id([]string{segmentClass(recorded, i)}, unescapedPath(seg)); ok {
			segments[i] = url.PathEscape(now)
		}
	}
	f.out.rest = strings.Join(segments, "/")
	if query, hasQuery = f.params("url", query, hasQuery); hasQuery {
		f.out.rest += "?" + query
	}
}

// params fills a query or a form.
func (f *filling) params(part, query string, has bool) (string, bool) {
	var params []string
	if has {
		params = strings.Split(query, "&")
	}
	for i, param := range params {
		name, value, assigned := strings.Cut(param, "=")
		plain := unescapedQuery(name)
		switch {
		case compare.HasMark(name):
			f.out.unfilled = append(f.out.unfilled, part+" (the name of a parameter)")
			f.out.missing = true
			continue
		case compare.HasMark(value):
			value = f.text(value, place{Part: part, Pointer: plain, Field: canonical(plain)}, url.QueryEscape)
		default:
			if now, ok := f.learned.id(queryClasses(f.path, plain), unescapedQuery(value)); ok {
				value = url.QueryEscape(now)
			}
		}
		if assigned {
			params[i] = name + "=" + value
		}
	}
	for _, m := range f.step.dropped(part) {
		if v, ok := f.value(place{Part: part, Pointer: m.Pointer, Field: canonical(m.Pointer)}); ok {
			params, has = append(params, url.QueryEscape(m.Pointer)+"="+url.QueryEscape(textOf(v))), true
		}
	}
	return strings.Join(params, "&"), has
}

func (f *filling) body() {
	b := f.step.Request.Body
	if b == nil {
		return
	}
	if b.Content == nil || b.Truncated {
		if was, ok := f.opts.Originals.body(f.step.Exchange); ok {
			f.out.body, f.out.coding = was, b.Encoding
			f.out.filled = append(f.out.filled, Filled{Place: "request", From: FromOriginal})
		}
		return
	}
	content := *b.Content
	if out, err := f.json(content); err == nil {
		f.out.body = out
		return
	}
	if strings.HasPrefix(strings.ToLower(b.Type), "application/x-www-form-urlencoded") {
		form, _ := f.params("request", content, true)
		f.out.body = []byte(form)
		return
	}
	f.out.body = []byte(f.text(content, place{Part: "request"}, asIs))
}

func (f *filling) json(content string) ([]byte, error) {
	if _, ok := compare.Decode([]byte(content)); !ok {
		return nil, errNotJSON
	}
	dropped := map[string][]record.Masked{} // by the object that they are gone from
	for _, m := range f.step.dropped("request") {
		if i := strings.LastIndexByte(m.Pointer, '/'); i >= 0 {
			dropped[m.Pointer[:i]] = append(dropped[m.Pointer[:i]], m)
		}
	}
	keyed := false
	rw := rewriter{
		scalar: func(at string, v any) []byte {
			keyed = keyed || compare.HasMark(at)
			return f.scalar(at, v)
		},
		open: func(at string) []byte {
			members := f.members(dropped[at])
			delete(dropped, at)
			return members
		},
	}
	out, err := rw.rewrite([]byte(content))
	if keyed {
		f.out.unfilled = append(f.out.unfilled, "request (the name of a member)")
		f.out.missing = true
	}
	for _, rest := range dropped { // elements of arrays: nobody knows where they stood
		for _, m := range rest {
			f.out.unfilled = append(f.out.unfilled, "request "+f.hidden.hide(m.Pointer))
		}
	}
	return out, err
}

// members are those that masking removed from an object.
func (f *filling) members(gone []record.Masked) []byte {
	var out [][]byte
	for _, m := range gone {
		if v, ok := f.value(place{Part: "request", Pointer: m.Pointer}); ok {
			name := jsonscan.UnescapeToken(m.Pointer[strings.LastIndexByte(m.Pointer, '/')+1:])
			out = append(out, slices.Concat(jsonText(name), []byte(":"), jsonText(v)))
		}
	}
	return bytes.Join(out, []byte(","))
}

// scalar is what to put in place of a value in a JSON body, or nil.
func (f *filling) scalar(at string, v any) []byte {
	text, ok := plainText(v)
	if !ok {
		return nil
	}
	if marks := compare.Marks(text); len(marks) > 0 {
		if marks[0] != text {
			return jsonText(f.text(text, place{Part: "request", Pointer: at}, asIs))
		}
		if v, ok := f.value(place{Part: "request", Pointer: at, Mark: text}); ok {
			return jsonText(v)
		}
		return nil
	}
	now, ok := f.learned.id(classesInJSON(f.path, at), text)
	if !ok {
		return nil
	}
	if _, number := v.(json.Number); number && numberForm.MatchString(now) {
		return []byte(now)
	}
	return jsonText(now)
}
