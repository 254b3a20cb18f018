package schema

import (
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Validate says whether body satisfies the schema: no fault and no error if it
// does.
//
// body is strict JSON without duplicate keys; that is checked here, in the
// pass that takes it apart. An error means that there is no verdict: body is not
// such JSON, or the schema and the body together take more work than is allowed
// or make the validator fail. Refuse the body then. The error holds nothing of
// the body.
func (s *Schema) Validate(body []byte) (faults []Fault, err error) {
	if s == nil || s.compiled == nil {
		return nil, errors.New("schema: could not be decided: no schema is loaded")
	}
	if s.rule != nil {
		faults, err = s.evaluate(body)
	} else {
		faults, err = s.validate(body)
	}
	if err != nil {
		return nil, fmt.Errorf("schema %s: could not be decided: %w", s.id, err)
	}
	return faults, nil
}

var (
	errSpent  = errors.New("the body takes more evaluations than are allowed: let fewer branches of the schema's anyOf, oneOf and allOf refer back to it, or have shorter patterns")
	errFailed = errors.New("the validator failed on this body")
	errWide   = fmt.Errorf("the body has more than %d values, too many for a schema with draft 7's contentEncoding or contentMediaType: say it without them, or in a later draft", valuesMost)
)

// evaluate runs the schema's rule.
func (s *Schema) evaluate(body []byte) (faults []Fault, err error) {
	e := evaluators.Get().(*evaluator)
	defer func() {
		switch recover().(type) {
		case nil:
		case spent:
			faults, err = nil, errSpent
		case looped:
			faults, err = nil, errLooped
		default:
			faults, err = nil, errFailed
		}
		e.release()
	}()
	if err := e.fill(body); err != nil {
		return nil, fmt.Errorf("the body: %w", err)
	}
	e.matching = max(matchingFree, matchingPerByte*len(body))
	evaluations := 0
	if s.branches {
		evaluations = min(rulesFree+rulesPerValue*e.values, rulesMost)
	}
	return tidy(e.evaluate(s.rule, evaluations)), nil
}

// validate runs the compiler's own validator.
func (s *Schema) validate(body []byte) ([]Fault, error) {
	v, values, err := decode(body)
	if err != nil {
		return nil, fmt.Errorf("the body: %w", err)
	}
	if values > valuesMost {
		return nil, errWide
	}
	compiled := s.compiled
	if s.meters != nil {
		metered, err := s.meters.take(values)
		if err != nil {
			return nil, err
		}
		defer s.meters.give(metered)
		compiled = metered.compiled
	}
	invalid, err := run(compiled, v)
	if err != nil || invalid == nil {
		return nil, err
	}
	return s.faults(invalid), nil
}

// run keeps panics and texts of the validator in: both may quote the body.
func run(compiled *jsonschema.Schema, v any) (invalid *jsonschema.ValidationError, err error) {
	defer func() {
		switch recover().(type) {
		case nil:
		case spent:
			invalid, err = nil, errSpent
		default:
			invalid, err = nil, errFailed
		}
	}()
	err = compiled.Validate(v)
	var loop jsonschema.InfiniteLoopError
	switch {
	case err == nil:
		return nil, nil
	case errors.As(err, &invalid):
		return invalid, nil
	case errors.As(err, &loop):
		return nil, errLooped
	}
	return nil, errFailed
}
