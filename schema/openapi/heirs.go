package openapi

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A schema with a discriminator may stand for others: a body that is held
// against it alone is, as its readers see it, one of its heirs. Those are the
// schemas that its mapping names and, where it lists no choice itself, those that
// build upon it with allOf (OpenAPI 3.0.4, Discriminator Object). What they call
// secret is secret there too.

func byPlace(a, b place) int {
	return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.pointer, b.pointer))
}

// addHeirs notes the heirs of every schema object that was met, and has units
// for them.
func (u *units) addHeirs() error {
	var children map[place][]place
	for _, at := range slices.SortedFunc(maps.Keys(u.nodes), byPlace) {
		n := u.nodes[at]
		d, ok := n.schema["discriminator"].(map[string]any)
		if !ok || n.refers && u.dialect.old {
			continue
		}
		heirs := u.mapped(n, d)
		if n.schema["oneOf"] == nil && n.schema["anyOf"] == nil {
			if children == nil {
				children = u.children()
			}
			heirs = append(heirs, descendants(children, inAll(at))...)
		}
		slices.SortFunc(heirs, byPlace)
		n.heirs = slices.Compact(heirs)
		for _, heir := range n.heirs {
			v, _ := look(u.folder.files[heir.file].tree, heir.pointer)
			if err := u.add(heir, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// mapped are the schemas that a discriminator's mapping names: by reference, or
// as one of the components.
func (u *units) mapped(n *node, discriminator map[string]any) (heirs []place) {
	mapping, _ := discriminator["mapping"].(map[string]any)
	for _, value := range slices.Sorted(maps.Keys(mapping)) {
		ref, _ := mapping[value].(string)
		at, to, found := u.component(n, ref)
		if !found {
			at, to, _ = u.locate(n, "discriminator", ref)
		}
		if m, ok := to.(map[string]any); ok && m["openapi"] == nil {
			heirs = append(heirs, at)
		} else {
			u.warn.add("discriminator", n.at("discriminator", "mapping", value), "it leads to no schema: name one of the components, or correct the reference")
		}
	}
	return heirs
}

// component is the schema of a name beside a discriminator.
func (u *units) component(n *node, name string) (at place, v any, found bool) {
	at = place{file: n.file}.at("components", "schemas", name)
	v, found = look(u.folder.files[n.file].tree, at.pointer)
	return at, v, found
}

// children are the schemas among the components of all files by those that they
// build upon.
func (u *units) children() map[place][]place {
	children := map[place][]place{}
	for _, name := range u.folder.names() {
		v, _ := look(u.folder.files[name].tree, "/components/schemas")
		schemas, _ := v.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(schemas)) {
			at := place{file: name}.at("components", "schemas", key)
			for _, parent := range u.parents(at, schemas[key], 0) {
				if parent != at {
					children[parent] = append(children[parent], at)
				}
			}
		}
	}
	return children
}

// parents are the schemas that one builds upon.
func (u *units) parents(at place, v any, depth int) (parents []place) {
	m, ok := v.(map[string]any)
	if !ok || depth > maxDepth {
		return nil
	}
	if ref, ok := m["$ref"].(string); ok {
		n := &node{place: at, schema: m, resource: fileURI(at.file)}
		if known := u.nodes[at]; known != nil {
			n = known
		}
		if to, v, err := u.locate(n, "$ref", ref); err == nil {
			if to, _, err = u.actual(to, v); err == nil {
				parents = append(parents, inAll(to))
			}
		}
	}
	list, _ := m["allOf"].([]any)
	for i, part := range list {
		parents = append(parents, u.parents(at.at("allOf").index(i), part, depth+1)...)
	}
	return parents
}

// descendants are the children of a schema, and theirs.
func descendants(children map[place][]place, of place) (all []place) {
	seen := map[place]bool{of: true}
	for todo := []place{of}; len(todo) > 0; todo = todo[1:] {
		for _, child := range children[todo[0]] {
			if !seen[child] {
				seen[child] = true
				all, todo = append(all, child), append(todo, child)
			}
		}
	}
	return all
}

var partOfAll = regexp.MustCompile(`(/allOf/[0-9]+)+$`)

// inAll is the schema that a place is a part of, as one in an allOf is.
func inAll(at place) place {
	at.pointer = strings.TrimSuffix(at.pointer, partOfAll.FindString(at.pointer))
	return at
}
