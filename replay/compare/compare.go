// Package compare tells in what an answer differs from the recorded one: by
// status, by chosen header fields, and in JSON by path.
//
// What is masked in the record is compared as masked: something must be in its
// place. What is told of the new answer is masked too, by the same policy and
// at the same places, so that no report holds what the record does not.
package compare

import (
	"net/http"
	"slices"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
)

// Answer is what came back when a recorded request was sent again.
type Answer struct {
	Status int
	Header http.Header
	// Body is decoded of its content coding. Cut says that it went on past
	// what was read.
	Body []byte
	Cut  bool
	// Origin is the scheme and host that answered, as in https://host:port, and
	// Prefix the path that was put before the recorded ones: addresses of its own
	// are compared without them.
	Origin, Prefix string
}

// Own is an address in the answer without what the target alone has before it.
func (a *Answer) Own(address string) string {
	return below(below(address, a.Origin), a.Prefix)
}

// Recorded is the recorded answer to one request.
type Recorded struct {
	Method   string
	Origin   string
	Response *record.Response
	// Masked is what was masked in the exchange.
	Masked []record.Masked
}

// Part is a part of an answer.
type Part string

// The parts.
const (
	PartStatus Part = "status"
	PartHeader Part = "header"
	PartBody   Part = "body"
)

// Kind is in what way an answer differs in one place.
type Kind string

// The kinds.
const (
	Added   Kind = "added"   // the recorded answer does not have it
	Removed Kind = "removed" // the new answer does not have it
	Changed Kind = "changed" // another value of the same type
	Type    Kind = "type"    // a value of another type
)

// Difference is one place in which an answer differs.
type Difference struct {
	Part Part `json:"part"`
	// Pointer is a JSON Pointer (RFC 6901) in a body, masked where a key is
	// itself a secret; a header's name in lower case; empty for the status and
	// for a whole body.
	Pointer string `json:"pointer,omitempty"`
	Kind    Kind   `json:"kind"`
	// Recorded and Replayed are the values, as JSON in a JSON body, masked and
	// cut; empty where there is none.
	Recorded string `json:"recorded,omitempty"`
	Replayed string `json:"replayed,omitempty"`

	place string // the unmasked pointer
	sum   uint64 // of the value replayed
}

// Where is the place for people: status, body, a pointer, or "header" and a name.
func (d Difference) Where() string {
	switch {
	case d.Part == PartHeader:
		return "header " + d.Pointer
	case d.Part == PartBody && d.Pointer != "":
		return d.Pointer
	}
	return string(d.Part)
}

// Leaf is a place in which both answers have a value, not the same one.
type Leaf struct {
	// Part and Pointer are as in [Difference], but unmasked.
	Part    Part
	Pointer string
	// Before is the segment before this one, in an address: orders in
	// /orders/17.
	Before string
	// Recorded and Replayed are strings, [encoding/json.Number]s, bools or nil.
	Recorded, Replayed any
}

// Options say what counts.
type Options struct {
	// Headers are the names of the fields that are compared.
	Headers []string
	// Ignore are places that may differ.
	Ignore []Pattern
	// Policy masks what is told of the new answer. nil masks what is secret by
	// common names and shapes.
	Policy *masking.Policy
	// Hide takes further secrets out of what is told; nil: there are none.
	Hide func(string) string
	// Conceal leaves the values out of what is told: bodies are encrypted where
	// they are kept.
	Conceal bool
	// Same says that a value is the recorded one by another name, such as the
	// id of an order that was made anew. nil: it never is.
	Same func(Leaf) bool
}

// Result is what came of a comparison.
type Result struct {
	// Differences are in the order of the answer's parts, at most 200.
	Differences []Difference `json:"differences,omitempty"`
	// More is how many there were beyond those.
	More int `json:"more,omitempty"`
	// Ignored is how many places were not compared because Ignore names them.
	Ignored int `json:"ignored,omitempty"`
	// Renamed is how many values were the same by another name.
	Renamed int `json:"renamed,omitempty"`
	// Masked is how many places are masked in the record, so that something
	// had to be there, whatever it is.
	Masked int `json:"masked,omitempty"`
	// Uncompared is why the body was not compared: the record's word for why
	// it has none, encrypted for one that nobody has opened, or cut for a new
	// answer larger than what is read. Empty: it was.
	Uncompared string `json:"uncompared,omitempty"`
}

// Matched says whether nothing differs.
func (r *Result) Matched() bool { return len(r.Differences) == 0 }

const maxDifferences = 200

// comparison is one under way.
type comparison struct {
	opts   Options
	want   Recorded
	got    *Answer
	drops  map[string]bool // pointers of members that masking removed
	result Result
	probe  bool // stop at the first difference
	found  bool // that difference
}

// Answers compares a new answer with the recorded one.
func Answers(want Recorded, got *Answer, opts *Options) Result {
	c := &comparison{opts: *opts, want: want, got: got, drops: map[string]bool{}}
	if c.opts.Policy == nil {
		c.opts.Policy = new(masking.Policy)
	}
	for _, m := range want.Masked {
		if m.Action == "drop" && m.Part == "response" {
			c.drops[m.Pointer] = true
		}
	}
	switch want.Response.Error {
	case "canceled", "aborted":
		c.result.Uncompared = want.Response.Error
		return c.result // nobody knows what the answer would have been
	}
	c.status()
	c.headers()
	if want.Response.Error == "" {
		c.body()
	}
	return c.result
}

// Noise is where one of two comparisons of the same exchange found a difference
// that the other did not find, or another value: what nobody can expect to
// match. In a pointer, * stands for an index.
func Noise(a, b Result) []Pattern {
	values := map[string]uint64{}
	for _, d := range a.Differences {
		values[string(d.Part)+" "+d.place] = d.sum
	}
	var noisy []Pattern
	add := func(d Difference) {
		p := Pattern{part: d.Part}
		switch {
		case d.Part == PartHeader:
			p.name = d.place
		case d.place != "":
			p.steps = steps(general(d.place))
		}
		if !slices.ContainsFunc(noisy, func(q Pattern) bool { return q.String() == p.String() }) {
			noisy = append(noisy, p)
		}
	}
	for _, d := range b.Differences {
		key := string(d.Part) + " " + d.place
		if sum, both := values[key]; !both || sum != d.sum {
			add(d)
		}
		delete(values, key)
	}
	for _, d := range a.Differences {
		if _, alone := values[string(d.Part)+" "+d.place]; alone {
			add(d)
		}
	}
	return noisy
}
