package openapi

import (
	"maps"
)

// direction is which way a body goes: OpenAPI 3.0 lets a request do without
// required properties that are readOnly, and a response without writeOnly ones.
type direction int

const (
	inRequest direction = iota
	inResponse
)

// only is the keyword that takes a property out of required.
func (d direction) only() string {
	if d == inRequest {
		return "readOnly"
	}
	return "writeOnly"
}

// require takes what is exempt out of required, and required out if nothing is
// left: draft 4 has no empty one.
func (r *rewriter) require(out map[string]any, exempt map[string]bool) {
	list, ok := out["required"].([]any)
	if !ok {
		return
	}
	var kept []any
	for _, name := range list {
		if text, ok := name.(string); ok && exempt[text] {
			r.lenient = true
			continue
		}
		kept = append(kept, name)
	}
	out["required"] = kept
	if len(kept) == 0 {
		delete(out, "required")
	}
}

// exempt are the names of properties of a schema object that are readOnly or
// writeOnly, by itself, by its allOf or by what is around it.
func (r *rewriter) exempt(at place, m map[string]any, around map[string]bool) map[string]bool {
	found := maps.Clone(around)
	r.collect(at, m, &found, 0)
	return found
}

func (r *rewriter) collect(at place, m map[string]any, found *map[string]bool, depth int) {
	if depth > maxChain {
		return
	}
	if n := r.nodes[at]; n != nil && n.refers {
		if depth > 0 {
			if to := r.nodes[n.ref]; to != nil {
				r.collect(n.ref, to.schema, found, depth+1)
			}
		}
		return
	}
	properties, _ := m["properties"].(map[string]any)
	for name := range properties {
		if r.isOnly(at.at("properties", name), 0) {
			if *found == nil {
				*found = map[string]bool{}
			}
			(*found)[name] = true
		}
	}
	parts, _ := m["allOf"].([]any)
	for i, part := range parts {
		if part, ok := part.(map[string]any); ok {
			r.collect(at.at("allOf").index(i), part, found, depth+1)
		}
	}
}

// isOnly says that a property is readOnly (or writeOnly), by itself, by what it
// refers to or by its allOf.
func (r *rewriter) isOnly(at place, depth int) bool {
	n := r.nodes[at]
	if n == nil || depth > maxChain {
		return false
	}
	if n.refers {
		return r.isOnly(n.ref, depth+1)
	}
	if n.schema[r.only()] == true {
		return true
	}
	parts, _ := n.schema["allOf"].([]any)
	for i := range parts {
		if r.isOnly(at.at("allOf").index(i), depth+1) {
			return true
		}
	}
	return false
}
