package schema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// maxFaults bounds what [Schema.Validate] tells of one body.
const maxFaults = 32

// Fault is one reason why a body does not satisfy a schema: places and a
// keyword, never a value.
type Fault struct {
	// Pointer is the place in the body (RFC 6901), cut to an ancestor beyond
	// 1,024 bytes. For keywords about an object's keys it is the object, so that
	// an unexpected key is not told. A key that the schema takes by a pattern or
	// as additional does stand in the pointers of faults below it, and the client
	// chose it: mask the pointer before it is kept.
	Pointer string
	// Keyword is the keyword that failed, such as "required"; for a schema that
	// is false it is the keyword that applied it.
	Keyword string
	// Schema is where the keyword stands: a JSON Pointer into the schema, after
	// "file#" when that is another file, or the schema is of a [Source].
	Schema string
}

// faults are the leaf causes of e: sorted, each once, capped.
func (s *Schema) faults(e *jsonschema.ValidationError) []Fault {
	causes := leaves(e, nil)
	all := make([]Fault, 0, len(causes))
	for _, c := range causes {
		all = append(all, s.fault(c))
	}
	return tidy(all)
}

// tidy sorts faults, each once, and caps them. Of more than the cap, the first
// that were met are told, in the order of keys: the same each time.
func tidy(all []Fault) []Fault {
	slices.SortFunc(all, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Keyword, b.Keyword), cmp.Compare(a.Schema, b.Schema))
	})
	all = slices.Compact(all)
	return slices.Clone(all[:min(len(all), maxFaults)])
}

func (s *Schema) fault(e *jsonschema.ValidationError) Fault {
	keyword, aboutKey := lastKeyword(e.KeywordLocation)
	pointer := plainPointer(e.InstanceLocation)
	if aboutKey && pointer != "" {
		pointer = parent(pointer)
	}
	return Fault{ancestor(pointer), keyword, s.place(e.AbsoluteKeywordLocation)}
}

func (s *Schema) place(location string) string { return placeIn(s.names, location) }

// placeIn is a location of the compiler as [Fault.Schema] has it, by the names
// of files.
func placeIn(names map[string]string, location string) string {
	u, frag, _ := strings.Cut(location, "#")
	name, ok := names[u]
	if !ok {
		name = u // a metaschema
	}
	if name != "" {
		name += "#"
	}
	return name + plainPointer(frag)
}

// lastKeyword reads the path of keywords that led to a failure. aboutKey says
// that the last step in the body is a key which the schema does not name.
func lastKeyword(path string) (keyword string, aboutKey bool) {
	name := false // this token is a name, not a keyword
	names := false
	for tok := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if name {
			name = false
			continue
		}
		if isIndex(tok) || tok == "" {
			continue
		}
		keyword = tok
		switch tok {
		case "properties", "patternProperties", "dependencies", "dependentSchemas", "dependentRequired":
			name = true
		case "propertyNames":
			names = true
		}
	}
	if keyword == "" {
		keyword = "false"
	}
	switch keyword {
	case "patternProperties", "unevaluatedProperties":
		return keyword, true // the schema for such keys is false
	}
	return keyword, names
}

func isIndex(tok string) bool {
	return tok != "" && strings.Trim(tok, "0123456789") == ""
}
