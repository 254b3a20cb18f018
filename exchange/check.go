package exchange

import (
	"bytes"
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

// Problem is the answer to a request that is refused so.
func (r Refusal) Problem(title string) Problem {
	return Problem{Title: title, Status: r.Status, Reason: r.Reason, Detail: r.Detail, Errors: r.Faults}
}

// Check holds one body against s. A content coding is taken off first. Over
// limit bytes, coded or decoded, it is too large. policy hides secrets in the
// pointers of faults: a key that the client chose may itself be one.
func Check(s *schema.Schema, h http.Header, body []byte, limit int64, policy *masking.Policy) Refusal {
	switch {
	case int64(len(body)) > limit:
		return TooLarge(limit)
	case len(body) == 0:
		return Refusal{Reason: "body-missing", Status: http.StatusBadRequest, Detail: "send a JSON body"}
	case MediaOf(h) != JSON:
		return Refusal{Reason: "unsupported-media", Status: http.StatusUnsupportedMediaType, Detail: "send JSON in UTF-8 with Content-Type: application/json"}
	}
	if hasCoding(h) {
		var err error
		if body, err = decode(h, body, limit); errors.Is(err, ErrTooLarge) {
			return TooLarge(limit)
		} else if err != nil {
			return Refusal{Reason: "coding", Status: http.StatusUnsupportedMediaType,
				Detail: "send the body without Content-Encoding, or as gzip, deflate or zstd in good order"}
		}
	}
	faults, err := s.Validate(body)
	if err != nil {
		return undecided(body, policy)
	}
	if len(faults) == 0 {
		return Refusal{}
	}
	return Invalid(faults, policy)
}

// Invalid is the refusal of what has these faults. policy hides secrets in
// their pointers.
func Invalid(faults []schema.Fault, policy *masking.Policy) Refusal {
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

// Verdict writes down what came of holding a body against what by stands for.
func Verdict(by Source, r Refusal, mode Mode) *record.Verdict {
	v := &record.Verdict{ID: by.ID(), Version: by.Version(), Digest: by.Digest(), Verdict: "valid", Mode: mode.String()}
	switch {
	case r.Ok():
	case r.Reason == Unchecked.Reason:
		v.Verdict = "unchecked"
	case len(r.Faults) > 0:
		v.Verdict, v.Faults = "invalid", r.Faults
	default:
		v.Verdict, v.Faults = "invalid", []record.Fault{{Keyword: r.Reason}}
	}
	return v
}

// Unchecked stands for the refusal of a body that nobody held against anything.
var Unchecked = Refusal{Reason: "unchecked"}

// CheckResponse holds a whole answer against what is expected of it, once, and
// says whether it must be withheld.
func (x *Exchange) CheckResponse(want *Expected, status int, h http.Header, body []byte, policy *masking.Policy) Refusal {
	x.Checked = true
	if want.None() || NoBody(x.Request.Method, status) && want.Refusal.Ok() {
		return Refusal{}
	}
	by, mode, limit := want.Source(), x.Plan.ResponseMode, x.Plan.MaxBody
	if mode == Shadow {
		x.Verdicts.Response = Verdict(by, Unchecked, mode)
		if x.Plan.Beside != nil {
			want.beside(x.Plan, h.Clone(), bytes.Clone(body), policy)
		}
		return Refusal{}
	}
	r := want.check(h, body, limit, policy)
	x.Verdicts.Response = Verdict(by, r, mode)
	if mode == Report {
		return Refusal{}
	}
	return r
}

// beside checks an answer beside its exchange; what is handed over must be
// its own, since the answer's buffer is used again once it is released.
func (e *Expected) beside(p *Plan, h http.Header, body []byte, policy *masking.Policy) {
	p.Beside(func() *record.Verdict {
		return Verdict(e.Source(), e.check(h, body, p.MaxBody, policy), Shadow)
	})
}

func (e *Expected) check(h http.Header, body []byte, limit int64, policy *masking.Policy) Refusal {
	if !e.Refusal.Ok() {
		return e.Refusal
	}
	return Check(e.Schema, h, body, limit, policy)
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

// Withheld is what the client gets in place of an answer that does not pass;
// by is what refused it.
func Withheld(by Source) Problem {
	p := Problem{Title: "The upstream's answer does not meet its schema", Status: http.StatusBadGateway,
		Reason: "response-invalid", Detail: "the answer was withheld; tell the API's operators the instance"}
	if by != nil {
		p.Schema = by.ID()
	}
	return p
}

// cleanPointer masks what the detectors find in a pointer's segments.
func cleanPointer(policy *masking.Policy, pointer string) string {
	return policy.Pointer(pointer)
}
