package exchange

import (
	"cmp"
	"net/http"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/schema"
)

// Plan is what the two sides of an exchange are held against.
type Plan struct {
	// Request is the request body's schema; nil if none applies.
	Request *schema.Schema
	// Marks is the schema that tells the secret places of a request body that
	// is not held against one, such as a form; nil if Request tells them.
	Marks *schema.Schema
	// Stray says that no schema was written for the request's body, so that
	// nobody knows where its secrets are: all of it is one.
	Stray bool
	// Response says what an answer must be, by its status and header; nil if
	// answers are not looked at.
	Response func(status int, h http.Header) Expected
	// Secrets tells the secrets of an address by its escaped path, and whether
	// that is one of the API's, for Location and Referer; nil if there are none.
	Secrets func(path string) (s Secrets, known bool)
	// RequestMode and ResponseMode say what becomes of what does not pass.
	RequestMode, ResponseMode Mode
	// MaxBody is how large a body may be, in bytes and decoded, to be held
	// against a schema.
	MaxBody int64
	// Beside runs the check of an answer in mode [Shadow] beside the exchange
	// and deals with its verdict. It must bound how many run at a time, and may
	// drop one. Without it nothing is checked in that mode.
	Beside func(check func() *record.Verdict)
}

// Mode says what becomes of a body that does not pass. The zero Mode refuses
// it.
type Mode uint8

// The modes.
const (
	Enforce Mode = iota // refused
	Report              // let through, and noted in the record
	Shadow              // checked beside the exchange, which it never delays
)

// String is the mode's name in records and in the Caddyfile.
func (m Mode) String() string {
	switch m {
	case Enforce:
		return "enforce"
	case Report:
		return "report"
	}
	return "shadow"
}

// Expected is what an answer must be. The zero Expected is met by any.
type Expected struct {
	// Schema is the schema of its body; nil if there is none.
	Schema *schema.Schema
	// Marks is the schema that tells the secret places of a body that is not
	// held against one, such as those of each event of a stream; nil if Schema
	// tells them.
	Marks *schema.Schema
	// Stray says that no schema was written for such a body, so that nobody
	// knows where its secrets are: all of it is one.
	Stray bool
	// By is what expects it where Schema is nil, such as an OpenAPI document.
	By Source
	// Refusal, if it is one, is that answers with this status and media type
	// do not pass, whatever is in them.
	Refusal Refusal
}

// Source names what a verdict was reached by: a schema, or a document that
// schemas stand in.
type Source interface {
	ID() string
	Version() string
	Digest() string
}

// Source is what expects the answer; nil if nothing does.
func (e Expected) Source() Source {
	if e.Schema != nil {
		return e.Schema
	}
	return e.By
}

// None says that nothing is expected of the answer.
func (e Expected) None() bool { return e.Schema == nil && e.Refusal.Ok() }

// Secret are the places of the answer's body that its schema calls sensitive.
func (e Expected) Secret() masking.Marks {
	if e.Stray {
		return everything
	}
	return marksOf(cmp.Or(e.Schema, e.Marks))
}

// Expected is what the upstream's answer must be. It is to be asked for once,
// when the answer has begun.
func (x *Exchange) Expected(status int, h http.Header) Expected {
	if x.Plan == nil || x.Plan.Response == nil || x.Local {
		return Expected{}
	}
	return x.Plan.Response(status, h)
}

// Holds says whether an answer of which want is expected must be whole before
// any of it is released, because that is enforced.
func (x *Exchange) Holds(want *Expected) bool {
	return x.Plan != nil && x.Plan.ResponseMode == Enforce && !want.None()
}

// Shadowed notes the verdict on the request of a check that ran beside the
// exchange. Records made from then on have it. Any goroutine may call it.
func (x *Exchange) Shadowed(v *record.Verdict) { x.shadow.Store(v) }

// RequestMarks are the places that the request's schema calls sensitive.
func (x *Exchange) RequestMarks() masking.Marks {
	switch {
	case x.Plan == nil:
		return nil
	case x.Plan.Stray:
		return everything
	}
	return marksOf(cmp.Or(x.Plan.Request, x.Plan.Marks))
}
