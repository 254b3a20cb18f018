// Package openapi loads an OpenAPI description (3.0.x or 3.1.x, YAML or JSON),
// finds the operation that a request is for, and says which schemas its bodies
// and parameters must satisfy.
//
// It promises that
//   - loading reads files in or below the description's own folder and nothing
//     else: no network, no way out by symlink or "..";
//   - an error at load names the file, the place in it and what to do;
//   - a fault names places and keywords, never a value of a request;
//   - finding an operation takes time in the segments of the path.
//
// getkin/kin-openapi gives the model of the description and checks its
// structure: of the two libraries that are kept up for both versions it is the
// one that weighs less on those who build with xcaddy, with 18,000 lines in one
// package against some 80,000 and no test library among its modules. Schemas
// never reach it: they are taken from the raw documents at their JSON Pointers
// and compiled by package schema, and YAML is read by go.yaml.in/yaml, which
// Caddy brings already.
package openapi

import (
	"slices"

	"github.com/caddyrec/caddyrec/schema"
)

// Document is one loaded description. It never changes and is safe for
// concurrent use. The zero Document describes no operation.
type Document struct {
	id, version, digest string

	files      []string
	warnings   []string
	operations []*Operation
	routes     route
}

// ID is the base name of the description's file.
func (d *Document) ID() string { return d.id }

// Version is info.version, or else the first 12 digits of [Document.Digest].
func (d *Document) Version() string { return d.version }

// Digest is a SHA-256 in lower-case hex over the files as they are on disk,
// taken as [schema.Schema.Digest] is.
func (d *Document) Digest() string { return d.digest }

// Files are the absolute paths of all files that were read, the description's
// own first: those to watch for changes.
func (d *Document) Files() []string { return slices.Clone(d.files) }

// Warnings tell what is not as the standard wants it, or is not checked, and
// what to do about it: sorted and capped, each with its place.
func (d *Document) Warnings() []string { return slices.Clone(d.warnings) }

// Operations are all operations, by template and then by method. One that is
// reached by several base paths is there once for each.
func (d *Document) Operations() []*Operation { return slices.Clone(d.operations) }

// Operation is what one method does on one path template. It never changes.
type Operation struct {
	// ID is the operationId, or else the method and the template.
	ID string
	// Method is in upper case.
	Method string
	// Template is the path template with the server's base path before it, such
	// as /v1/orders/{id}.
	Template string
	// Approval says that the operation has x-approval: required.
	Approval bool

	*contract
	names []variable // the template's parameters
}

// contract is what an operation is like under any base path.
type contract struct {
	request   *body // nil if none is described
	responses map[string]*body
	params    []*parameter
	answer    []string // sensitive header fields of answers
	apiKeys   Secrets  // Path is empty
}

// body is a request body or a response.
type body struct {
	required bool
	media    []media
}

// RequestRequired says that a request must have a body.
func (o *Operation) RequestRequired() bool { return o.request != nil && o.request.required }

// Request is the schema of a request body of a media type; ask for requests
// that have a body. mediaType is the Content-Type as it was sent; "" is taken as
// application/octet-stream (RFC 9110 section 8.3). ok says that the media type is
// declared; s is nil if it is declared without a schema.
//
// A declared media type is met by that very type, whatever its parameters and
// case, and a range by what it covers. application/json is not met by
// application/problem+json: the suffix tells how such a type is written (RFC
// 6839), not that it is the same.
//
// A schema is given for any media type that has one, so that its marks can be
// known in forms too. Validate bodies that are JSON with it, no others.
func (o *Operation) Request(mediaType string) (s *schema.Schema, ok bool) {
	if o.request == nil {
		return nil, false
	}
	return o.request.find(mediaType)
}

// Response is the schema of a response body, by status and media type, as with
// [Operation.Request]. statusOK says that the status is declared: itself, by its
// class (2XX) or by default. mediaOK says that the media type is declared there;
// where the description has no content for a status, "" is.
func (o *Operation) Response(status int, mediaType string) (s *schema.Schema, statusOK, mediaOK bool) {
	b := o.response(status)
	if b == nil {
		return nil, false, false
	}
	if mediaType == "" && len(b.media) == 0 {
		return nil, true, true
	}
	s, mediaOK = b.find(mediaType)
	return s, true, mediaOK
}
