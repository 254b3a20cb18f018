package schema

import (
	"slices"
	"testing"
)

func TestAnHeirLeavesOutTheOtherHeirsOfWhatItIsComposedOf(t *testing.T) {
	const rest = `"definitions":{
		"pet":{"contentMediaType":"application/json","contentSchema":{},"x-heirs":[{"$ref":"#/definitions/cat"}]},
		"cat":{"properties":{"name":{"x-sensitive":true}}}}`
	for schema, want := range map[string][]string{
		`{` + draft7 + `,"x-heir":true,"allOf":[{"$ref":"#/definitions/pet"}],"properties":{"pet":{"$ref":"#/definitions/pet"}},` + rest + `}`:             {"/pet/name"},
		`{` + draft7 + `,"allOf":[{"$ref":"#/definitions/pet"}],` + rest + `}`:                                                                             {"/name"},
		`{` + draft7 + `,"x-heir":true,"anyOf":[{"$ref":"#/definitions/pet"}],` + rest + `}`:                                                               {"/name"},
		`{` + draft7 + `,"x-heir":true,"allOf":[{"properties":{"pet":{"$ref":"#/definitions/pet"}}}],` + rest + `}`:                                        {"/pet/name"},
		`{` + draft7 + `,"x-heir":true,"x-heirs":[{"$ref":"#/definitions/cat"}],"allOf":[{"$ref":"#/definitions/pet"}],` + rest + `}`:                      {"/name"},
		`{` + draft7 + `,"allOf":[{"x-heir":true,"allOf":[{"$ref":"#/definitions/pet"}]}],"properties":{"pet":{"$ref":"#/definitions/pet"}},` + rest + `}`: {"/pet/name"},
		// What a dynamic reference may lead to is not left alone.
		`{` + draft2019 + `,"x-heir":true,"$ref":"#/$defs/pet","$defs":{"pet":{"$recursiveAnchor":true,"x-heirs":[{"$ref":"#/$defs/cat"}]},
			"cat":{"properties":{"name":{"x-sensitive":true}}}}}`: {"/name"},
	} {
		s := must(t, schema)
		if got := markedPlaces(t, s.Marks(), `{"name":1,"pet":{"name":1}}`); !slices.Equal(got, want) {
			t.Errorf("%s: marked %v, not %v", schema, got, want)
		}
		if got := s.Uncovered(); len(got) != len(slices.Compact(slices.Clone(got))) {
			t.Errorf("%s: what is beyond the evaluator is told twice: %q", schema, got)
		}
	}
}
