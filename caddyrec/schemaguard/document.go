package schemaguard

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/schema/openapi"
)

// document is a contract of an OpenAPI document.
type document struct {
	*openapi.Document
	operations map[*openapi.Operation]*operation
	unknown    policy
	masking    *masking.Policy
	// secrets are those of all operations together: what a request that none of
	// them declares may hold.
	secrets exchange.Secrets
	// marks says that something is secret by the document, so that it may be in
	// a body too that there is no schema for.
	marks bool
	// addresses is address, made once; nil if no address has secrets.
	addresses func(path string) (exchange.Secrets, bool)
}

// operation is one operation with what need not be worked out for each request.
type operation struct {
	*openapi.Operation
	document *document
	id       string
	secrets  exchange.Secrets
	// respond is response, and respondHead headResponse, made once.
	respond, respondHead func(status int, h http.Header) exchange.Expected
}

func loadDocument(file string, unknown policy, masking *masking.Policy) (contract, error) {
	doc, err := openapi.Load(file)
	if err != nil {
		return nil, err // names the option, and the file
	}
	d := &document{Document: doc, operations: map[*openapi.Operation]*operation{}, unknown: unknown, masking: masking}
	for _, o := range doc.Operations() {
		s := o.Secrets()
		op := &operation{Operation: o, document: d, id: doc.ID() + "#" + o.ID,
			secrets: exchange.Secrets{Path: s.Path, Query: s.Query, Header: s.Header, Cookie: s.Cookie, Answer: s.Answer}}
		op.respond, op.respondHead = op.response, op.headResponse
		d.operations[o] = op
		d.secrets.Path = append(d.secrets.Path, op.secrets.Path...)
		d.secrets.Query = append(d.secrets.Query, op.secrets.Query...)
		d.secrets.Header = append(d.secrets.Header, op.secrets.Header...)
		d.secrets.Cookie = append(d.secrets.Cookie, op.secrets.Cookie...)
		d.secrets.Answer = append(d.secrets.Answer, op.secrets.Answer...)
		d.marks = d.marks || !op.secrets.None() || slices.ContainsFunc(o.Bodies(), func(b openapi.Body) bool { return b.Schema != nil && !b.Schema.Marks().Empty() })
	}
	for _, names := range []*[]string{&d.secrets.Query, &d.secrets.Header, &d.secrets.Cookie, &d.secrets.Answer} {
		slices.Sort(*names)
		*names = slices.Compact(*names)
	}
	if len(d.secrets.Path)+len(d.secrets.Query) > 0 {
		d.addresses = d.address
	}
	return d, nil
}

// ID, Version and Digest make an operation what verdicts name where no schema
// of a body is to blame.
func (o *operation) ID() string      { return o.id }
func (o *operation) Version() string { return o.document.Version() }
func (o *operation) Digest() string  { return o.document.Digest() }

func (d *document) expect(r *http.Request) expectation {
	path := r.URL.EscapedPath()
	// These are not for unknown_route to let pass: the upstream may well know
	// what they are about.
	if ambiguous(path) {
		return d.stranger(ambiguousPath)
	}
	if caddyrec.MethodOverridden(r) {
		return d.stranger(ambiguousMethod)
	}
	found, params, how := d.Find(r.Method, path)
	switch {
	case how == openapi.Yes:
	case d.unknown.passRoute:
		return d.stranger(exchange.Unchecked)
	case how == openapi.NoMethod:
		e := d.stranger(unknownMethod)
		e.allow = d.Methods(path)
		return e
	default:
		return d.stranger(unknownRoute)
	}
	o := d.operations[found]
	e := expectation{by: o, secrets: o.secrets, addresses: d.addresses, approval: o.Approval, required: o.RequestRequired(), response: o.respond}
	if r.Method == http.MethodHead {
		e.response = o.respondHead
	}
	if faults := o.CheckParams(openapi.Request{Path: params, Query: r.URL.RawQuery, Header: r.Header}); len(faults) > 0 {
		e.refusal = parameters(faults, d.masking)
	}
	kind := mediaType(r.Header)
	s, declared := o.Request(kind)
	switch {
	case !declared:
		e.media, e.stray = unknownMedia, d.marks
		if d.unknown.passMedia {
			e.media = exchange.Unchecked
		}
	case exchange.IsJSON(kind):
		e.body = s
	case s != nil:
		e.marks, e.media = s, exchange.Unchecked
	}
	return e
}

// stranger is what is expected of a request that is none of the document's
// operations. It may be meant to be one, so that its secrets may be any of
// theirs, and in the path anywhere.
func (d *document) stranger(refusal exchange.Refusal) expectation {
	e := expectation{by: d.Document, unknown: true, stray: d.marks, refusal: refusal, secrets: d.secrets, addresses: d.addresses, response: d.strayResponse}
	e.secrets.WholePath, e.secrets.Path = len(d.secrets.Path) > 0, nil
	return e
}

// maxPrefixes bounds how many segments before a path are taken for what a proxy
// puts there.
const maxPrefixes = 8

// address are the secrets of an address that a header field names by its path:
// those of the operations that it fits, also below a prefix that a proxy takes
// off and with a slash at its end. If there is none they may be anywhere.
func (d *document) address(path string) (s exchange.Secrets, known bool) {
	s.Query = d.secrets.Query
	if !ambiguous(path) {
		path = strings.TrimSuffix(path, "/")
		for at, n := 0, 0; at < len(path) && n <= maxPrefixes; n++ {
			for _, o := range d.At(path[at:]) {
				known = true
				for _, segment := range d.operations[o].secrets.Path {
					s.Path = append(s.Path, n+segment)
				}
			}
			next := strings.IndexByte(path[at+1:], '/')
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	s.WholePath = !known && len(d.secrets.Path) > 0
	return s, known
}

// strayResponse is what is expected of the answer to a stranger.
func (d *document) strayResponse(int, http.Header) exchange.Expected {
	return exchange.Expected{Stray: d.marks}
}

// response says what an answer must be.
func (o *operation) response(status int, h http.Header) exchange.Expected {
	kind := mediaType(h)
	s, known, declared := o.Operation.Response(status, kind)
	stray := exchange.Expected{Stray: o.document.marks}
	switch {
	case !known && (!o.document.unknown.denyStatus || status == http.StatusNotModified):
		return stray
	case !known:
		stray.By, stray.Refusal = o, unknownStatus
		return stray
	case !declared && (o.document.unknown.passMedia || exchange.NoBody("", status)):
		return stray
	case !declared:
		stray.By, stray.Refusal = o, unknownMedia
		return stray
	case !exchange.IsJSON(kind):
		return exchange.Expected{Marks: s}
	}
	return exchange.Expected{Schema: s}
}

// headResponse says what an answer to HEAD must be: it has no body, and need
// not tell its media type.
func (o *operation) headResponse(status int, h http.Header) exchange.Expected {
	want := o.response(status, h)
	if want.Refusal.Reason == unknownMedia.Reason {
		return exchange.Expected{}
	}
	return want
}

func (d *document) sources() []exchange.Source { return []exchange.Source{d.Document} }

func (d *document) files() []string {
	names := d.Files()
	slices.Sort(names)
	return slices.Compact(names)
}

func (d *document) approvals() (n int) {
	for o := range d.operations {
		if o.Approval {
			n++
		}
	}
	return n
}

func (d *document) warnings() []string { return d.Warnings() }

// mediaType is the one Content-Type of h; "" if there is none, or more than one.
func mediaType(h http.Header) string {
	if values := h["Content-Type"]; len(values) == 1 {
		return values[0]
	}
	return ""
}
