package openapi

import (
	"maps"
	"net/http"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// apiKeys are where the description's security schemes put keys.
func (b *builder) apiKeys() (s Secrets) {
	if b.model.Components == nil {
		return s
	}
	for _, name := range slices.Sorted(maps.Keys(b.model.Components.SecuritySchemes)) {
		scheme := b.model.Components.SecuritySchemes[name].Value
		if scheme == nil || scheme.Type != "apiKey" {
			continue
		}
		s.add(scheme.In, scheme.Name)
	}
	return s
}

// Secrets are where an operation's requests and answers carry secrets outside
// their bodies.
type Secrets struct {
	// Path are numbers of segments of the path that the operation was found by;
	// the one after the leading slash is 0.
	Path []int
	// Query are names; one that ends in "[" stands for all that begin with it.
	Query []string
	// Header are canonical names of header fields.
	Header []string
	// Cookie are names of cookies.
	Cookie []string
	// Answer are canonical names of header fields of answers.
	Answer []string
}

func (s *Secrets) add(in, name string) {
	list := map[string]*[]string{"query": &s.Query, "header": &s.Header, "cookie": &s.Cookie}[in]
	if in == "header" {
		name = http.CanonicalHeaderKey(name)
	}
	if list != nil && !slices.Contains(*list, name) {
		*list = append(*list, name)
	}
}

// Secrets are the parameters that the description calls sensitive: by
// x-sensitive or x-mask on the parameter, or by any mark of its schema
// (x-sensitive, x-mask, writeOnly, format: password). A parameter of which a
// part is sensitive is there as a whole. The keys of apiKey security schemes are
// there for every operation. Header fields of answers are called so in the same
// way.
func (o *Operation) Secrets() Secrets {
	s := Secrets{Query: slices.Clone(o.apiKeys.Query), Header: slices.Clone(o.apiKeys.Header), Cookie: slices.Clone(o.apiKeys.Cookie),
		Answer: slices.Clone(o.answer)}
	for _, p := range o.params {
		if !p.sensitive {
			continue
		}
		if p.in == "path" {
			for _, v := range o.names {
				if v.name == p.name && !slices.Contains(s.Path, v.segment) {
					s.Path = append(s.Path, v.segment)
				}
			}
			continue
		}
		s.add(p.in, p.name)
		switch {
		case p.style == "deepObject":
			s.add(p.in, p.name+"[")
		case p.style == "form" && p.explode && p.shape != nil:
			for _, name := range slices.Sorted(maps.Keys(p.shape.properties)) {
				s.add(p.in, name)
			}
		}
	}
	return s
}

// saysSensitive says whether extensions call their parameter or header field
// sensitive.
func saysSensitive(extensions map[string]any) bool {
	mask := extensions["x-mask"]
	return extensions["x-sensitive"] == true || mask != nil && mask != false
}

// sensitiveHeaders are the header fields of an answer that are called sensitive.
// Nothing else is said of them, so a schema that cannot be read is a warning; its
// field may be secret.
func (b *builder) sensitiveHeaders(headers openapi3.Headers) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		h := headers[name].Value
		if h == nil {
			continue
		}
		sensitive := saysSensitive(h.Extensions)
		refs := []*openapi3.SchemaRef{h.Schema}
		for _, m := range h.Content {
			if m != nil {
				refs = append(refs, m.Schema)
			}
		}
		for _, ref := range refs {
			s, _, err := b.compile(ref, inResponse)
			if err != nil {
				b.warn.add("header", placeOf(h.Extensions), "%v: until then it is masked in records", err)
			}
			sensitive = sensitive || err != nil || s != nil && !s.Marks().Empty()
		}
		if sensitive {
			names = append(names, http.CanonicalHeaderKey(name))
		}
	}
	return names
}
