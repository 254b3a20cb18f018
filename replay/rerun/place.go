package rerun

import "github.com/caddyrec/caddyrec/record"

// place is a masked place in a recorded request.
type place struct {
	// Exchange is whose request it is.
	Exchange string
	// Part is request for its body, url, header or cookie.
	Part string
	// Pointer is a JSON Pointer in a body, else the parameter's, header's or
	// cookie's name; in a path it is the number of the segment, from 1.
	Pointer string
	// Field is the name that the value goes by, without case and punctuation:
	// the last name in Pointer; path:<number> in a path.
	Field string
	// Mark is what stands in the record instead; empty where masking removed
	// the member.
	Mark string
	// Rule is what called it sensitive, as in [record.Masked]; it may be empty.
	Rule string

	within bool // Mark is a part of what stands there
}

// Filled tells where the value of a masked place came from.
type Filled struct {
	// Place is the part and the pointer, as in "request /card".
	Place string `json:"place"`
	From  Source `json:"from"`
}

// Source is where a value came from.
type Source string

// The sources.
const (
	FromSecrets  Source = "secrets"
	FromOriginal Source = "original"
	FromAnswer   Source = "answer" // an earlier one of the target
	FromStandIn  Source = "stand-in"
)

// rules are the rules by which a step's places were masked.
func (s *Step) rule(part, pointer string) string {
	if part == "cookie" {
		part = "header"
	}
	for _, m := range s.Masked {
		if m.Part == part && m.Pointer == pointer {
			return m.Rule
		}
	}
	return ""
}

// dropped are the places of a part that masking removed.
func (s *Step) dropped(part string) (all []record.Masked) {
	for _, m := range s.Masked {
		if m.Part == part && m.Action == "drop" {
			all = append(all, m)
		}
	}
	return all
}
