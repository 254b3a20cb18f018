package schema

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// explain turns the compiler's error into one that names file and place and
// says what to do.
func explain(lib *library, err error) error {
	for _, u := range slices.Sorted(maps.Keys(lib.byURL)) {
		doc := lib.byURL[u]
		if place, pattern, ok := badPattern(doc.raw, ""); ok {
			return fmt.Errorf("%s: %s: the pattern %q does not compile: patterns are RE2, without lookaheads and backreferences: write it without them", doc.name, place, pattern)
		}
	}
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		worst := leaves(invalid, nil)
		slices.SortFunc(worst, func(a, b *jsonschema.ValidationError) int {
			return cmp.Or(
				-cmp.Compare(strings.Count(a.InstanceLocation, "/"), strings.Count(b.InstanceLocation, "/")),
				cmp.Compare(a.InstanceLocation, b.InstanceLocation),
				cmp.Compare(a.KeywordLocation, b.KeywordLocation))
		})
		file := lib.main.name
		var se *jsonschema.SchemaError
		if errors.As(err, &se) {
			if doc, ok := lib.byURL[se.SchemaURL]; ok {
				file = doc.name
			}
		}
		return fmt.Errorf("%s: %s is not valid in this draft: %s: correct it, or name the draft it is written for in $schema",
			file, plainPointer(worst[0].InstanceLocation), worst[0].Message)
	}
	var se *jsonschema.SchemaError
	if errors.As(err, &se) && se.Err != nil {
		err = se.Err
	}
	text := strings.TrimPrefix(err.Error(), "jsonschema: ")
	return errors.New(strings.ReplaceAll(text, base, ""))
}

func leaves(e *jsonschema.ValidationError, to []*jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return append(to, e)
	}
	for _, c := range e.Causes {
		to = leaves(c, to)
	}
	return to
}

// badPattern finds a pattern below raw that Go's regexp refuses. It does not
// look at data.
func badPattern(raw any, ptr string) (place, pattern string, found bool) {
	switch v := raw.(type) {
	case []any:
		for i, e := range v {
			if place, pattern, found = badPattern(e, ptr+"/"+strconv.Itoa(i)); found {
				return place, pattern, true
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			here := ptr + "/" + escapeToken(k)
			if s, ok := v[k].(string); ok && k == "pattern" && !compiles(s) {
				return here, s, true
			}
			if patterns, ok := v[k].(map[string]any); ok && k == "patternProperties" {
				for _, p := range slices.Sorted(maps.Keys(patterns)) {
					if !compiles(p) {
						return here + "/" + escapeToken(p), p, true
					}
				}
			}
			if isData(k) {
				continue
			}
			if place, pattern, found = badPattern(v[k], here); found {
				return place, pattern, true
			}
		}
	}
	return "", "", false
}

func compiles(pattern string) bool {
	_, err := regexp.Compile(pattern)
	return err == nil
}

// isData says that a keyword's value is an instance, not a schema.
func isData(keyword string) bool {
	switch keyword {
	case "const", "enum", "default", "example", "examples":
		return true
	}
	return false
}
