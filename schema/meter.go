package schema

import (
	"runtime"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Bounds of the evaluator, for schemas that branch: a few seconds at most.
const (
	rulesFree     = 100_000    // evaluations for any body
	rulesPerValue = 64         // for each value in the body
	rulesMost     = 20_000_000 // at most
)

// Bounds of what patterns may take, in instructions of their programs for bytes
// of text: 10 s for a megabyte at most.
const (
	matchingFree    = 100_000_000 // for any body
	matchingPerByte = 500         // for each byte of the body
)

// matches says that p is found in text. A pattern with counts in it, such as
// [a-z]{1,200}, may take hundreds of times as long as others.
func (e *evaluator) matches(p *pattern, text []byte) bool {
	if !p.plain {
		if e.matching -= p.size * len(text); e.matching < 0 {
			panic(spent{})
		}
	}
	return p.match(text)
}

// Bounds of the compiler's own validator, which is slower and needs most of a
// kilobyte for each value at fault.
const (
	evaluationsFree     = 20_000
	evaluationsPerValue = 32
	evaluationsMost     = 2_000_000
	valuesMost          = 100_000
)

// A recursive schema whose branches refer back to it makes the validator's work
// grow exponentially with the body's depth (anyOf: 3.6 s at depth 18), and the
// validator can be neither cancelled nor given state per call. So such a schema
// is compiled a few times over, each copy with a meter of its own that stops the
// validator by panicking, and a copy serves one call at a time.

// spent is what a meter panics with.
type spent struct{}

// meter counts evaluations of schema objects down. It is an extension of the
// compiler that is part of every object.
type meter struct{ left int }

func (m *meter) Compile(jsonschema.CompilerContext, map[string]any) (jsonschema.ExtSchema, error) {
	return m, nil
}

func (m *meter) Validate(jsonschema.ValidationContext, any) error {
	m.left--
	if m.left < 0 {
		panic(spent{})
	}
	return nil
}

// metered is one copy of a schema with its meter.
type metered struct {
	compiled *jsonschema.Schema
	meter    *meter
}

// meters lends copies of one schema: as many as there are processors, made when
// first needed.
type meters struct {
	lib  *library
	at   string        // where the schema stands
	free chan *metered // nil entries: not made yet
}

func newMeters(lib *library, at string) *meters {
	n := runtime.GOMAXPROCS(0)
	m := &meters{lib: lib, at: at, free: make(chan *metered, n)}
	for range n {
		m.free <- nil
	}
	return m
}

// take waits for a copy and sets its meter for a body of that many values.
func (m *meters) take(values int) (*metered, error) {
	one := <-m.free
	if one == nil {
		count := new(meter)
		compiled, err := compileAt(newCompiler(m.lib, count), m.at)
		if err != nil {
			m.free <- nil
			return nil, err
		}
		one = &metered{compiled, count}
	}
	one.meter.left = min(evaluationsFree+evaluationsPerValue*values, evaluationsMost)
	return one, nil
}

func (m *meters) give(one *metered) { m.free <- one }
