package schema

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

// generator makes schemas and bodies over a few keys.
type generator struct {
	r     *rand.Rand
	draft int
	next  int

	values bool // keywords about values too
}

type keyword struct {
	from, to int
	name     string
	value    func() any
}

var generatorKeys = []string{"a", "b", "ab", "c"}

func (g *generator) document() []byte {
	urls := map[int]string{4: draft4, 6: draft6, 7: draft7, 2019: draft2019, 2020: draft2020}
	defs := map[string]any{}
	for _, name := range []string{"x", "y", "z"} {
		d, ok := g.schema(3).(map[string]any)
		if !ok {
			d = map[string]any{"allOf": []any{false}}
		}
		if g.draft == 2020 {
			d["$dynamicAnchor"] = name
		}
		defs[name] = d
	}
	root, ok := g.schema(4).(map[string]any)
	if !ok {
		root = map[string]any{}
	}
	root["definitions"] = defs
	if g.draft == 2019 && g.r.IntN(2) == 0 {
		root["$recursiveAnchor"] = true
	}
	text, _ := json.Marshal(root)
	return []byte("{" + urls[g.draft] + "," + string(text[1:]))
}

func (g *generator) schema(depth int) any {
	m := map[string]any{}
	if g.r.IntN(5) == 0 {
		m["x-sensitive"] = true
	}
	if depth == 0 {
		return m
	}
	if g.r.IntN(4) == 0 {
		m["type"] = []any{"object", "array", "string"}[:1+g.r.IntN(3)]
	}
	one := func() any { return g.schema(depth - 1) }
	list := func() any {
		l := []any{one()}
		for g.r.IntN(2) == 0 {
			l = append(l, one())
		}
		return l
	}
	named := func(names ...string) any {
		o := map[string]any{}
		for range 1 + g.r.IntN(2) {
			o[names[g.r.IntN(len(names))]] = one()
		}
		return o
	}
	keywords := []keyword{
		{4, 2020, "properties", func() any { return named(generatorKeys...) }},
		{4, 2020, "properties", func() any { return named(generatorKeys...) }},
		{4, 2020, "patternProperties", func() any { return named("^a", "b$", "c|b") }},
		{4, 2020, "additionalProperties", one},
		{4, 2020, "allOf", list}, {4, 2020, "anyOf", list}, {4, 2020, "oneOf", list}, {4, 2020, "not", one},
		{4, 2020, "items", one}, {4, 2019, "items", list}, {4, 2019, "additionalItems", one},
		{4, 2020, "dependencies", func() any { return named(generatorKeys...) }},
		{6, 2020, "contains", one},
		{7, 2020, "if", one}, {7, 2020, "then", one}, {7, 2020, "else", one},
		{2019, 2020, "dependentSchemas", func() any { return named(generatorKeys...) }},
		{2019, 2020, "unevaluatedProperties", one}, {2019, 2020, "unevaluatedItems", one},
		{2020, 2020, "prefixItems", list},
		{4, 2020, "$ref", func() any { return "#/definitions/" + []string{"x", "y", "z"}[g.r.IntN(3)] }},
		{4, 2020, "$ref", func() any { return "#" }},
		{2019, 2019, "$recursiveRef", func() any { return "#" }},
		{2020, 2020, "$dynamicRef", func() any { return "#" + []string{"x", "y", "z"}[g.r.IntN(3)] }},
	}
	if g.values {
		keywords = append(keywords, g.valueKeywords()...)
	}
	if g.values && g.draft > 4 && g.r.IntN(30) == 0 {
		return false
	}
	for range 1 + g.r.IntN(3) {
		k := keywords[g.r.IntN(len(keywords))]
		if g.draft >= k.from && g.draft <= k.to {
			m[k.name] = k.value()
		}
	}
	return m
}

func (g *generator) value(depth int) any {
	g.next++
	kind := g.r.IntN(6)
	switch {
	case depth > 0 && kind < 3:
		m := map[string]any{}
		for range g.r.IntN(4) {
			m[generatorKeys[g.r.IntN(len(generatorKeys))]] = g.value(depth - 1)
		}
		return m
	case depth > 0 && kind < 5:
		l := []any{}
		for range g.r.IntN(4) {
			l = append(l, g.value(depth-1))
		}
		return l
	case kind%2 == 0:
		return json.Number(fmt.Sprint(g.next))
	}
	return fmt.Sprint("v", g.next)
}

func (g *generator) valueKeywords() []keyword {
	small := func() any { return g.r.IntN(4) }
	keys := func() any { return []any{generatorKeys[g.r.IntN(4)]} }
	scalar := func() any { return []any{"v1", "v2", 1, 2.0, nil, true, []any{}, map[string]any{}}[g.r.IntN(8)] }
	return []keyword{
		{4, 2020, "type", func() any {
			return []any{"object", "array", "string", "integer", "number", "null", "boolean"}[g.r.IntN(7)]
		}},
		{4, 2020, "enum", func() any { return []any{scalar()} }},
		{6, 2020, "const", scalar},
		{4, 2020, "minimum", small}, {4, 2020, "maximum", small}, {6, 2020, "exclusiveMinimum", small}, {6, 2020, "exclusiveMaximum", small},
		{4, 2020, "multipleOf", func() any { return []any{2, 0.5, 1.5}[g.r.IntN(3)] }},
		{4, 2020, "minLength", small}, {4, 2020, "maxLength", small}, {4, 2020, "pattern", func() any { return "2$" }},
		{4, 2020, "format", func() any { return []any{"date", "uri-template", "nonsense"}[g.r.IntN(3)] }},
		{4, 2020, "minItems", small}, {4, 2020, "maxItems", small}, {4, 2020, "uniqueItems", func() any { return true }},
		{4, 2019, "additionalItems", func() any { return false }},
		{2019, 2020, "minContains", small}, {2019, 2020, "maxContains", small},
		{4, 2020, "minProperties", small}, {4, 2020, "maxProperties", small}, {4, 2020, "required", keys},
		{4, 2020, "additionalProperties", func() any { return false }},
		{6, 2020, "propertyNames", func() any { return map[string]any{"maxLength": 1} }},
		{6, 2020, "propertyNames", func() any { return map[string]any{"$ref": "#/definitions/x"} }},
		{4, 2020, "dependencies", func() any { return map[string]any{generatorKeys[g.r.IntN(4)]: keys()} }},
		{2019, 2020, "dependentRequired", func() any { return map[string]any{generatorKeys[g.r.IntN(4)]: keys()} }},
	}
}
