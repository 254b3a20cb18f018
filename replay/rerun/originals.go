package rerun

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/compare"
)

// Originals are requests as they were before masking, where they were kept, by
// exchange. Whoever opens them puts that on record first.
type Originals map[string]*record.Original

// fill is the value for a place: that of the whole place, also where a part of it
// was masked.
func (o Originals) fill(p place) (any, bool) {
	was := o[p.Exchange]
	if was == nil {
		return nil, false
	}
	switch p.Part {
	case "request":
		if was.Cut {
			return nil, false
		}
		if tree, ok := compare.Decode(was.Body); ok {
			return compare.At(tree, p.Pointer)
		}
		return parameter(string(was.Body), p.Pointer)
	case "url":
		path, query, _ := strings.Cut(withoutHost(was.URL), "?")
		if n, err := strconv.Atoi(strings.TrimPrefix(p.Field, "path:")); err == nil && strings.HasPrefix(p.Field, "path:") {
			segments := strings.Split(path, "/")
			if n >= len(segments) {
				return nil, false
			}
			return unescapedPath(segments[n]), true
		}
		return parameter(query, p.Pointer)
	case "header":
		v, ok := was.Headers[p.Pointer]
		return v, ok
	}
	return nil, false
}

// body is a request's body, where the record has none.
func (o Originals) body(exchange string) ([]byte, bool) {
	was := o[exchange]
	if was == nil || was.Cut || len(was.Body) == 0 {
		return nil, false
	}
	return was.Body, true
}

// parameter is the first value of a name in a query or a form.
func parameter(query, name string) (any, bool) {
	values, err := url.ParseQuery(query)
	if err != nil || !values.Has(name) {
		return nil, false
	}
	return values.Get(name), true
}

func withoutHost(address string) string {
	_, after, ok := strings.Cut(address, "://")
	if i := strings.IndexAny(after, "/?"); ok && i >= 0 {
		return after[i:]
	}
	return address
}
