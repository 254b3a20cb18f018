package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Found says what [Document.Find] came to.
type Found int

// What Find comes to. The zero value is that nothing was found.
const (
	NoPath   Found = iota // no path template fits
	NoMethod              // one fits, and does not have the method
	Yes
)

// Param is what stands in a request's path for a parameter of the template.
type Param struct {
	Name    string
	Segment int    // which segment of the path it is in; the one after the leading slash is 0
	Raw     string // escaped, and normalised as RFC 3986 section 6.2.2 has it
}

// route is a node of the tree of all path templates, one level for each segment.
// Each node is reached in one way only, so that a search meets it once at most.
type route struct {
	literals map[string]*route
	patterns []*pattern // those with more text first
	methods  map[string]*Operation
	template string // of the methods; "" if no path ends here
}

type pattern struct {
	segment
	*route
}

// add puts an operation in. The error says which operation is there already.
func (r *route) add(segments []segment, op *Operation) error {
	for i := range segments {
		r = r.below(&segments[i])
	}
	if other, ok := r.methods[op.Method]; ok {
		return fmt.Errorf("%s %s and %s fit the same requests: keep one of them", op.Method, other.Template, op.Template)
	}
	if r.methods == nil {
		r.methods = map[string]*Operation{}
		r.template = op.Template
	}
	r.methods[op.Method] = op
	return nil
}

func (r *route) below(s *segment) *route {
	if s.literal() {
		next := r.literals[s.texts[0]]
		if next == nil {
			next = new(route)
			if r.literals == nil {
				r.literals = map[string]*route{}
			}
			r.literals[s.texts[0]] = next
		}
		return next
	}
	for _, p := range r.patterns {
		if p.shape() == s.shape() {
			return p.route
		}
	}
	p := &pattern{*s, new(route)}
	r.patterns = append(r.patterns, p)
	slices.SortFunc(r.patterns, func(a, b *pattern) int { return a.compare(&b.segment) })
	return p.route
}

// find is the route of a path, and what stands for its parameters. Segment by
// segment, from the left, a text goes before a template.
func (r *route) find(segments []string, values []string) (*route, []string) {
	if len(segments) == 0 {
		if r.methods == nil {
			return nil, nil
		}
		return r, values
	}
	if next := r.literals[segments[0]]; next != nil {
		if to, all := next.find(segments[1:], values); to != nil {
			return to, all
		}
	}
	for _, p := range r.patterns {
		if more, ok := p.match(segments[0], values); ok {
			if to, all := p.route.find(segments[1:], more); to != nil {
				return to, all
			}
		}
	}
	return nil, nil
}

// maxSegments is how many segments a path may have: templates have fewer.
const maxSegments = 256

// at is the route of an escaped path.
func (d *Document) at(escapedPath string) (*route, []string) {
	rest, ok := strings.CutPrefix(escapedPath, "/")
	if !ok || strings.Count(rest, "/") >= maxSegments {
		return nil, nil
	}
	var room [16]string
	segments := room[:0]
	for text := range strings.SplitSeq(rest, "/") {
		text, ok := normal(text)
		if !ok || climbs(text) {
			return nil, nil
		}
		segments = append(segments, text)
	}
	return d.routes.find(segments, nil)
}

// Find is the operation that a request is for, by method and escaped path (as
// of [net/url.URL.EscapedPath]), and what stands in the path for the template's
// parameters.
//
// A path fits a template segment by segment; a trailing slash is a segment, and
// an empty one fits no parameter. Nothing is resolved: a path with a dot segment,
// plain, escaped, or between escaped slashes, fits nothing. The path is found
// first and then the method; HEAD is answered by GET where it is not described
// itself.
func (d *Document) Find(method, escapedPath string) (op *Operation, path []Param, found Found) {
	at, values := d.at(escapedPath)
	if at == nil {
		return nil, nil, NoPath
	}
	op = at.methods[method]
	if op == nil && method == "HEAD" {
		op = at.methods["GET"]
	}
	if op == nil {
		return nil, nil, NoMethod
	}
	for i, v := range op.names {
		path = append(path, Param{v.name, v.segment, values[i]})
	}
	return op, path, Yes
}

// At are the operations of an escaped path, whatever the method.
func (d *Document) At(escapedPath string) []*Operation {
	at, _ := d.at(escapedPath)
	if at == nil {
		return nil
	}
	return slices.Collect(maps.Values(at.methods))
}

// Methods are the methods that an escaped path has, sorted, as for an Allow
// header; none if no template fits.
func (d *Document) Methods(escapedPath string) []string {
	at, _ := d.at(escapedPath)
	if at == nil {
		return nil
	}
	methods := slices.Collect(maps.Keys(at.methods))
	if _, ok := at.methods["HEAD"]; !ok && at.methods["GET"] != nil {
		methods = append(methods, "HEAD")
	}
	slices.Sort(methods)
	return methods
}
