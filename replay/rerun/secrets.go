package rerun

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/caddyrec/caddyrec/replay/compare"
)

// Secrets are values for masked places, as somebody wrote them down: see
// [ParseSecrets]. nil has none.
type Secrets struct {
	byPointer map[string]any
	byField   map[string]any
}

// anyMark stands for every mark of a field.
const anyMark = "*"

// ParseSecrets reads a JSON object of the form
//
//	{"fields": {
//		"password": "correct horse",
//		"card": {"[masked:…1111]": "4111111111111111", "*": "4242424242424242"},
//		"/payment/cvv": 123,
//		"path:2": "ana@example.com"
//	}}
//
// A name is the field's, whatever its case and punctuation, a JSON Pointer for
// one place in a body, or path:<n> for a segment of a path. A value is for all
// marks of the field, or an object tells it for each mark, and for others under
// *. The error never holds a value.
func ParseSecrets(text []byte) (*Secrets, error) {
	var file struct {
		Fields map[string]any `json:"fields"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&file); err != nil {
		return nil, errors.New(`it is not a JSON object of the form {"fields": {"password": "…"}}`)
	}
	if len(file.Fields) == 0 {
		return nil, errors.New("it has no fields")
	}
	s := &Secrets{byPointer: map[string]any{}, byField: map[string]any{}}
	for name, value := range file.Fields {
		if marks, ok := value.(map[string]any); ok {
			for mark := range marks {
				if mark != anyMark && !compare.HasMark(mark) {
					return nil, fmt.Errorf("field %s: an object must have marks, as in [masked:…1111], or * for its names", name)
				}
			}
		}
		switch {
		case strings.HasPrefix(name, "/"):
			s.byPointer[name] = value
		case strings.HasPrefix(name, "path:"):
			s.byField[name] = value
		case canonical(name) == "":
			return nil, fmt.Errorf("field %q has no letter or digit in its name", name)
		default:
			s.byField[canonical(name)] = value
		}
	}
	return s, nil
}

// fill is the value for a place: a string, or in a JSON body any value that
// encoding/json makes.
func (s *Secrets) fill(p place) (any, bool) {
	if s == nil {
		return nil, false
	}
	if p.Part == "request" {
		if v, ok := forMark(s.byPointer[p.Pointer], p.Mark); ok {
			return v, true
		}
	}
	return forMark(s.byField[p.Field], p.Mark)
}

func forMark(value any, mark string) (any, bool) {
	marks, ok := value.(map[string]any)
	if !ok {
		return value, value != nil
	}
	if v, ok := marks[mark]; ok {
		return v, true
	}
	v, ok := marks[anyMark]
	return v, ok
}

// values are all that may give something away.
func (s *Secrets) values() (all []string) {
	if s == nil {
		return nil
	}
	for _, fields := range []map[string]any{s.byPointer, s.byField} {
		for _, v := range fields {
			all = scalars(v, all)
		}
	}
	return all
}

// scalars adds the texts of all strings and numbers in v.
func scalars(v any, all []string) []string {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			all = scalars(e, all)
		}
	case []any:
		for _, e := range v {
			all = scalars(e, all)
		}
	default:
		if text, ok := plainText(v); ok {
			all = append(all, text)
		}
	}
	return all
}
