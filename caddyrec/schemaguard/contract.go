package schemaguard

import (
	"net/http"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/schema"
)

// contract is what the guard's files say, as they were read once. It never
// changes: a request is held against the same one from its beginning to its
// end.
type contract interface {
	// expect says what r, and then its answer, must be.
	expect(r *http.Request) expectation
	// files are all that were read, absolute.
	files() []string
	// sources name the versions, for the log.
	sources() []exchange.Source
	// approvals is how many operations need approval.
	approvals() int
	// warnings are what its author should know, though it was loaded.
	warnings() []string
}

// expectation is what is expected of one request and its answer. The zero
// expectation is met by any.
type expectation struct {
	// by is what expects it; nil if nothing is expected of the request.
	by exchange.Source
	// unknown says that the contract does not know the request's route.
	unknown bool
	// stray says that no schema was written for a body like this, so that
	// nobody knows where its secrets are.
	stray bool
	// refusal, if it is one, is that the request does not pass, whatever is in
	// its body.
	refusal exchange.Refusal
	// allow are the methods that a route has, where the request's is not one.
	allow []string

	// body is the schema of the request's body; nil if any will do.
	body *schema.Schema
	// marks is the schema that tells the body's secrets, where the body is not
	// held against it.
	marks *schema.Schema
	// media, if it is one, refuses a body for its media type.
	media exchange.Refusal
	// required says that there must be a body.
	required bool

	// response says what an answer must be; nil if answers are not looked at.
	response func(status int, h http.Header) exchange.Expected

	// secrets are in the address and the header.
	secrets exchange.Secrets
	// addresses tells the secrets of other addresses by their paths; nil if there
	// are none.
	addresses func(path string) (s exchange.Secrets, known bool)
	// approval says that the operation needs approval.
	approval bool
}
