package openapi

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// contract reads what an operation wants and answers.
func (b *builder) contract(item *openapi3.PathItem, op *openapi3.Operation, template string) (c *contract, err error) {
	c = &contract{responses: map[string]*body{}}
	if c.params, err = b.params(item, op, template); err != nil {
		return nil, err
	}
	if ref := op.RequestBody; ref != nil && ref.Value != nil {
		c.request = &body{required: ref.Value.Required}
		if c.request.media, err = b.media(ref.Value.Content, inRequest); err != nil {
			return nil, err
		}
	}
	responses := op.Responses.Map()
	for _, key := range slices.Sorted(maps.Keys(responses)) {
		status, ok := statusKey(key)
		if !ok {
			return nil, placeOf(op.Extensions).at("responses", key).errorf("it is no status: write three digits, one digit and XX, or default")
		}
		r := responses[key].Value
		if r == nil {
			continue
		}
		answer := new(body)
		if answer.media, err = b.media(r.Content, inResponse); err != nil {
			return nil, err
		}
		c.responses[status] = answer
		c.answer = append(c.answer, b.sensitiveHeaders(r.Headers)...)
	}
	slices.Sort(c.answer)
	c.answer = slices.Compact(c.answer)
	return c, nil
}

// media reads the media types of a body.
func (b *builder) media(content openapi3.Content, way direction) ([]media, error) {
	var all []media
	for _, name := range slices.Sorted(maps.Keys(content)) {
		m := content[name]
		if m == nil {
			continue
		}
		plain, ok := essence(name)
		if !ok {
			return nil, placeOf(m.Extensions).errorf("it is no media type: write type/subtype, type/* or */*")
		}
		s, _, err := b.compile(m.Schema, way)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(o media) bool { return o.name == plain }) {
			b.warn.add("media", placeOf(m.Extensions), "media types are told apart without their parameters, so it is never met: leave one of them")
		}
		all = append(all, media{plain, s})
	}
	sortMedia(all)
	return all, nil
}

// params are the parameters of an operation; its own stand before those of the
// path item that have the same name and place.
func (b *builder) params(item *openapi3.PathItem, op *openapi3.Operation, template string) ([]*parameter, error) {
	segments, err := parseTemplate(template)
	if err != nil {
		return nil, err
	}
	var named []string
	for _, s := range segments {
		named = append(named, s.names...)
	}
	var all []*parameter
	for level, refs := range []openapi3.Parameters{op.Parameters, item.Parameters} {
		own := len(all)
		for _, ref := range refs {
			if ref == nil || ref.Value == nil {
				continue
			}
			p := ref.Value
			at := placeOf(p.Extensions)
			same := func(o *parameter) bool { return o.in == p.In && o.name == p.Name }
			if slices.ContainsFunc(all[own:], same) {
				return nil, at.errorf("the %s parameter %q stands twice: remove one", p.In, p.Name)
			}
			if level == 1 && slices.ContainsFunc(all[:own], same) {
				continue
			}
			if p.In == "path" && !slices.Contains(named, p.Name) {
				return nil, at.errorf("the path %s has no {%s}: write it there, or remove the parameter", template, p.Name)
			}
			made, err := b.parameter(p, at)
			if err != nil {
				return nil, err
			}
			if made != nil {
				all = append(all, made)
			}
		}
	}
	slices.SortStableFunc(all, func(x, y *parameter) int {
		return strings.Compare(x.in+"/"+x.name, y.in+"/"+y.name)
	})
	return all, nil
}

// styles are the styles of each place, the default first.
var styles = map[string][]string{
	"path":   {"simple", "label", "matrix"},
	"query":  {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
	"header": {"simple"},
	"cookie": {"form"},
}

// parameter reads one parameter; nil if the standard has it ignored.
func (b *builder) parameter(p *openapi3.Parameter, at place) (*parameter, error) {
	allowed, ok := styles[p.In]
	switch {
	case p.Name == "":
		return nil, at.errorf("the parameter has no name: write one")
	case !ok:
		return nil, at.at("in").errorf("it is not path, query, header or cookie: write one of them")
	case p.In == "header" && slices.Contains([]string{"Accept", "Authorization", "Content-Type"}, textproto.CanonicalMIMEHeaderKey(p.Name)):
		b.warn.add("header", at, "a parameter for this header is ignored, as the standard wants it: describe it by media types or by security")
		return nil, nil
	case p.Schema != nil && len(p.Content) > 0:
		return nil, at.errorf("the parameter has both schema and content: keep one of them")
	case len(p.Content) > 1:
		return nil, at.at("content").errorf("it has more than one media type: keep one")
	}
	made := &parameter{name: p.Name, in: p.In, style: p.Style, required: p.Required || p.In == "path", allowEmpty: p.AllowEmptyValue && p.In == "query", place: at.String()}
	if p.In == "header" {
		made.key = http.CanonicalHeaderKey(p.Name)
	}
	if made.style == "" {
		made.style = allowed[0]
	}
	if !slices.Contains(allowed, made.style) {
		return nil, at.at("style").errorf("a %s parameter has no style %q: write %s", p.In, made.style, strings.Join(allowed, ", "))
	}
	made.explode = made.style == "form"
	if p.Explode != nil {
		made.explode = *p.Explode
	}
	if err := b.parameterSchema(made, p, at); err != nil {
		return nil, err
	}
	made.sensitive = saysSensitive(p.Extensions) || made.schema != nil && !made.schema.Marks().Empty()
	return made, nil
}

func (b *builder) parameterSchema(made *parameter, p *openapi3.Parameter, at place) error {
	ref := p.Schema
	for name, m := range p.Content {
		plain, ok := essence(name)
		if !ok {
			return at.at("content", name).errorf("it is no media type: write type/subtype")
		}
		if m == nil {
			continue
		}
		ref = m.Schema
		made.content, made.json = true, isJSON(plain)
		if !made.json && plain != "text/plain" {
			b.warn.add("content", at.at("content", name), "a parameter of this media type is not checked beyond required: only JSON and text/plain are")
			made.opaque = true
		}
	}
	s, unit, err := b.compile(ref, inRequest)
	if err != nil || s == nil {
		return err
	}
	made.schema, made.schemaPlace = s, unit.place.String()
	made.shape = b.shapeOf(placeOf(ref.Value.Extensions), 0)
	return nil
}

// isJSON: RFC 6839 section 3.1 for the suffix.
func isJSON(name string) bool {
	return name == "application/json" || name == "text/json" || strings.HasSuffix(name, "+json")
}
