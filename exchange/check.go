package exchange

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/schema"
)

// Refusal says why a body does not pass, in fixed words; the zero value is
// that it passes.
type Refusal struct {
	// Reason is a fixed word: unsupported-media, coding, body-missing,
	// body-too-large, body-unreadable, malformed-json, duplicate-key,
	// schema-invalid, undecided.
	Reason string
	// Status is what the refusal of a request with such a body answers.
	Status int
	// Detail says what to do.
	Detail string
	// Faults are the places at fault.
	Faults []record.Fault
}

// Ok says that the body passes.
func (r Refusal) Ok() bool { return r.Reason == "" }

// Check holds one body against s. policy hides secrets in the pointers of
// faults: a key that the client chose may itself be one.
func Check(s *schema.Schema, h http.Header, body []byte, policy *masking.Policy) Refusal {
	switch {
	case Coded(h):
		return Refusal{Reason: "coding", Status: http.StatusUnsupportedMediaType, Detail: "send the body without Content-Encoding"}
	case len(body) == 0:
		return Refusal{Reason: "body-missing", Status: http.StatusBadRequest, Detail: "send a JSON body"}
	case MediaOf(h) != JSON:
		return Refusal{Reason: "unsupported-media", Status: http.StatusUnsupportedMediaType, Detail: "send JSON in UTF-8 with Content-Type: application/json"}
	}
	faults, err := s.Validate(body)
	if err != nil {
		return undecided(body, policy)
	}
	if len(faults) == 0 {
		return Refusal{}
	}
	r := Refusal{Reason: "schema-invalid", Status: http.StatusUnprocessableEntity, Detail: "correct the places named in errors"}
	for _, f := range faults {
		r.Faults = append(r.Faults, record.Fault{Pointer: cleanPointer(policy, f.Pointer), Keyword: f.Keyword, Schema: f.Schema})
	}
	return r
}

// undecided says why the schema gave no verdict. Validate reads as strictly as
// jsonscan does, so that a body with a verdict need not be read twice.
func undecided(body []byte, policy *masking.Policy) Refusal {
	report, err := jsonscan.Check(body, jsonscan.Limits{})
	if err != nil {
		return Refusal{Reason: "malformed-json", Status: http.StatusBadRequest, Detail: err.Error()}
	}
	if report.Duplicate {
		return Refusal{Reason: "duplicate-key", Status: http.StatusBadRequest, Detail: "name each key of an object once",
			Faults: []record.Fault{{Pointer: cleanPointer(policy, report.DuplicatePointer), Keyword: "duplicate-key"}}}
	}
	return Refusal{Reason: "undecided", Status: http.StatusUnprocessableEntity, Detail: "the body is too complex to be held against the schema"}
}

// Verdict writes down what came of holding a body against s.
func Verdict(s *schema.Schema, r Refusal, enforce bool) *record.Verdict {
	v := &record.Verdict{ID: s.ID(), Version: s.Version(), Digest: s.Digest(), Verdict: "valid", Mode: "report"}
	if enforce {
		v.Mode = "enforce"
	}
	switch {
	case r.Ok():
	case r.Reason == "unchecked":
		v.Verdict = "unchecked"
	case r.Reason == "schema-invalid":
		v.Verdict, v.Faults = "invalid", r.Faults
	default:
		v.Verdict = "invalid"
		v.Faults = append(r.Faults, record.Fault{Keyword: r.Reason})
		if len(r.Faults) > 0 {
			v.Faults = r.Faults
		}
	}
	return v
}

// CheckResponse holds a whole answer against the plan, once, and says whether
// it must be withheld.
func (x *Exchange) CheckResponse(status int, h http.Header, body []byte, policy *masking.Policy) Refusal {
	x.Checked = true
	if x.Plan == nil || x.Plan.Response == nil || x.Local || NoBody(x.Request.Method, status) {
		return Refusal{}
	}
	s := x.Plan.Response(status)
	if s == nil {
		return Refusal{}
	}
	r := TooLarge(x.Plan.MaxBody)
	if int64(len(body)) <= x.Plan.MaxBody {
		r = Check(s, h, body, policy)
	}
	x.Verdicts.Response = Verdict(s, r, x.Plan.Enforce)
	if !x.Plan.Enforce {
		return Refusal{}
	}
	return r
}

// HoldsResponse says whether an answer must be whole before any of it is
// released, because an enforced schema waits for it.
func (x *Exchange) HoldsResponse(status int) bool {
	return x.Plan != nil && x.Plan.Enforce && x.Plan.Response != nil && !x.Local && x.Plan.Response(status) != nil
}

// Unreadable is the refusal of a body that could not be read to its end.
func Unreadable(err error) Refusal {
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return TooLarge(over.Limit)
	}
	return Refusal{Reason: "body-unreadable", Status: http.StatusBadRequest, Detail: "the body broke off: send it again"}
}

// TooLarge is the refusal of a body over limit bytes.
func TooLarge(limit int64) Refusal {
	return Refusal{Reason: "body-too-large", Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("send at most %d bytes", limit)}
}

// Withheld is what the client gets in place of an answer that its schema
// refuses.
func Withheld(s *schema.Schema) Problem {
	p := Problem{Title: "The upstream's answer does not meet its schema", Status: http.StatusBadGateway,
		Reason: "response-invalid", Detail: "the answer was withheld; tell the API's operators the instance"}
	if s != nil {
		p.Schema = s.ID()
	}
	return p
}

// cleanPointer masks what the detectors find in a pointer's segments.
func cleanPointer(policy *masking.Policy, pointer string) string {
	return policy.Pointer(pointer)
}
