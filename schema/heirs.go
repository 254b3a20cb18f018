package schema

import (
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Heirs is the keyword for a list of schemas that a value may be meant by instead
// of the one that it stands in, as a discriminator of OpenAPI says. They say
// nothing of what is valid. What they mark is marked.
const Heirs = "x-heirs"

// Heir is the keyword, true or false, for a schema whose values are meant by
// nothing but it and its own [Heirs]: there, those of the schemas that it is
// composed of by $ref and allOf are left out.
const Heir = "x-heir"

// met is a schema object as it comes to apply: alone, as a part of one of its
// heirs, where the others are left out.
type met struct {
	schema *jsonschema.Schema
	alone  bool
}

func (b *builder) isHeir(s *jsonschema.Schema) bool {
	if s.Ref == nil && len(s.AllOf) == 0 {
		return false
	}
	m, _ := b.lib.raw(s).(map[string]any)
	return m[Heir] == true
}

func (b *builder) addHeirs(n *node, as met) error {
	if as.alone {
		return nil
	}
	m, _ := b.lib.raw(as.schema).(map[string]any)
	list, _ := m[Heirs].([]any)
	for i := range list {
		to, err := b.compile(as.schema.Location + "/" + Heirs + "/" + strconv.Itoa(i))
		if err != nil {
			return explain(b.lib, err)
		}
		n.heirs = append(n.heirs, b.add(to))
	}
	return nil
}
