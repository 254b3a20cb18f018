package openapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/schema"
)

// dialect is how the schemas of a description are to be read.
type dialect struct {
	old   bool         // OpenAPI 3.0, which is draft 4 with changes
	draft schema.Draft // of a schema that does not name one
}

// rewriter writes units as plain JSON Schema. Pointers stay what they are, but
// for schemas that are nullable and composed: see wraps.
type rewriter struct {
	*units
	direction
	lenient bool // a required property was let go
}

// document is a unit as JSON.
func (r *rewriter) document(of *unit) ([]byte, error) {
	return json.Marshal(r.schema(of, of.place, of.schema, nil))
}

// dropped are annotations that no verdict and no mark depends on.
var dropped = []string{"$anchor", "$comment", "$id", "default", "deprecated", "description", "discriminator",
	"example", "examples", "externalDocs", "nullable", "title", "xml"}

// schema rewrites one schema object. exempt are the names that an allOf around
// it knows to be readOnly or writeOnly.
func (r *rewriter) schema(in *unit, at place, v any, exempt map[string]bool) any {
	m, ok := v.(map[string]any)
	n := r.nodes[at]
	if !ok || n == nil {
		return v
	}
	out := make(map[string]any, len(m))
	for key, v := range m {
		if slices.Contains(dropped, key) || strings.HasPrefix(key, "x-") && key != "x-sensitive" && key != "x-mask" {
			continue
		}
		out[key] = v
	}
	if n.refers {
		out["$ref"] = r.reference(in, n.ref)
	}
	if n.dynamic.file != "" {
		if to, _ := r.within(n.dynamic); to != in {
			out["$dynamicRef"] = r.reference(in, n.dynamic)
		}
	}
	r.discriminator(at, m)
	for i, heir := range n.heirs {
		if i == 0 {
			out[schema.Heirs] = make([]any, len(n.heirs))
		}
		out[schema.Heirs].([]any)[i] = map[string]any{"$ref": r.reference(in, heir)}
	}
	if n.named {
		out[schema.Heir] = true
	}
	if name, ok := m["$schema"].(string); ok && (r.dialect.old || at != in.place || strings.HasPrefix(name, oasDialect)) {
		delete(out, "$schema")
	}
	var inner map[string]bool
	if m["nullable"] == true && !r.dialect.old {
		r.warn.add("nullable", at.at("nullable"), "OpenAPI 3.1 has no such keyword, and it is ignored: add \"null\" to type")
	}
	if r.dialect.old {
		inner = r.exempt(at, m, exempt)
		r.require(out, inner)
		r.tidyOld(at, m, out)
	}
	bound(out, r.dialect.old)
	r.below(in, at, m, out, inner)
	if enum, ok := m["enum"].([]any); ok && len(enum) == 0 && !n.refers {
		r.warn.add("enum", at.at("enum"), "it is empty, which no value satisfies: list values, or remove it")
		delete(out, "enum")
		out["not"] = map[string]any{}
	}
	if r.dialect.old && wraps(m) {
		return map[string]any{"anyOf": []any{map[string]any{"type": "null"}, out}}
	}
	return out
}

// discriminator warns where leaving it out of the verdict matters.
func (r *rewriter) discriminator(at place, m map[string]any) {
	d, ok := m["discriminator"].(map[string]any)
	if !ok || m["$ref"] != nil && r.dialect.old {
		return
	}
	switch {
	case m["oneOf"] == nil && m["anyOf"] == nil:
		r.warn.add("discriminator", at.at("discriminator"), "a body is checked against this schema alone, not against the one the discriminator names, though what those mark is masked: list them under oneOf where this one is used")
	case d["mapping"] != nil:
		r.warn.add("discriminator", at.at("discriminator", "mapping"), "it is not applied, all schemas are tried: give each of them a const or an enum for the property")
	}
}

// below rewrites the schemas in a schema object.
func (r *rewriter) below(in *unit, at place, m, out map[string]any, exempt map[string]bool) {
	copied := map[string]bool{}
	eachBelow(m, func(tokens []string, v any) {
		key := tokens[0]
		var inherited map[string]bool
		if key == "allOf" {
			inherited = exempt
		}
		to := r.schema(in, at.at(tokens...), v, inherited)
		if len(tokens) == 1 {
			out[key] = to
			return
		}
		switch whole := out[key].(type) {
		case map[string]any:
			if !copied[key] {
				whole = maps.Clone(whole)
				out[key], copied[key] = whole, true
			}
			whole[tokens[1]] = to
		case []any:
			if !copied[key] {
				whole = slices.Clone(whole)
				out[key], copied[key] = whole, true
			}
			if i, err := strconv.Atoi(tokens[1]); err == nil {
				whole[i] = to
			}
		}
	})
}

// reference is a $ref from a unit to a place.
func (r *rewriter) reference(in *unit, at place) string {
	to, pointer := r.within(at)
	if r.dialect.old {
		pointer = r.wrapped(to, pointer)
	}
	return in.relative(to, pointer)
}

// wraps says that a schema of OpenAPI 3.0 is nullable and composed of others,
// which refuse null: it becomes a choice between null and itself.
func wraps(m map[string]any) bool {
	if m["nullable"] != true || m["$ref"] != nil {
		return false
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf", "not"} {
		if _, ok := m[key]; ok {
			return true
		}
	}
	return false
}

// wrapped is a pointer into a unit that goes round through what wraps put in.
func (r *rewriter) wrapped(to *unit, pointer string) string {
	var b strings.Builder
	v := to.schema
	for _, tok := range tokens(pointer) {
		if m, ok := v.(map[string]any); ok && wraps(m) {
			b.WriteString("/anyOf/1")
		}
		b.WriteString("/" + jsonscan.EscapeToken(tok))
		v, _ = step(v, tok)
	}
	return b.String()
}

// tidyOld turns the rest of OpenAPI 3.0 into draft 4, and warns of what it does
// not mean.
func (r *rewriter) tidyOld(at place, m, out map[string]any) {
	delete(out, "id") // draft 4's $id, which OpenAPI does not have
	if m["nullable"] == true {
		r.nullable(at, m, out)
	}
	for _, side := range []string{"minimum", "maximum"} {
		exclusive := "exclusiveM" + side[1:]
		if _, ok := m[exclusive].(bool); ok && m[side] == nil {
			r.warn.add("exclusive", at.at(exclusive), "there is no %s beside it, so it means nothing: write one", side)
			delete(out, exclusive)
		}
	}
	for _, key := range []string{"const", "contains", "dependentRequired", "dependentSchemas", "else", "if",
		"prefixItems", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"} {
		if _, ok := m[key]; ok {
			r.warn.add("keyword", at.at(key), "OpenAPI 3.0 has no such keyword, and it is ignored: say it otherwise, or use openapi: 3.1.0")
		}
	}
}

func (r *rewriter) nullable(at place, m, out map[string]any) {
	if m["$ref"] != nil {
		r.warn.add("nullable", at.at("nullable"), "what stands beside $ref is ignored: write allOf with the $ref in it")
		return
	}
	if kind, ok := m["type"].(string); ok && !wraps(m) {
		out["type"] = []any{kind, "null"}
	}
	if enum, ok := m["enum"].([]any); ok && !slices.Contains(enum, nil) && !wraps(m) {
		r.warn.add("nullable", at.at("enum"), "null is let pass, as nullable says; the standard wants null in the list too: write it there")
		out["enum"] = append(slices.Clone(enum), nil)
	}
}
