package openapi

import (
	"net/url"
	"strings"
)

// resolve follows the references of all units, until none leads to a new one,
// and what their discriminators mean.
func (u *units) resolve() error {
	for again := true; again; again = len(u.todo) > 0 {
		if err := u.resolveRefs(); err != nil {
			return err
		}
		if err := u.addHeirs(); err != nil {
			return err
		}
	}
	u.nameHeirs()
	return nil
}

func (u *units) resolveRefs() error {
	for len(u.todo) > 0 {
		round := u.todo
		u.todo = nil
		var met []*node
		for _, next := range round {
			met = u.survey(met, next.place, next.schema, fileURI(next.file), 0)
		}
		for _, n := range met {
			if err := u.refer(n); err != nil {
				return err
			}
		}
	}
	return nil
}

// survey meets the schema objects of a unit, and what they call themselves.
func (u *units) survey(met []*node, at place, v any, resource string, depth int) []*node {
	m, ok := v.(map[string]any)
	if !ok || depth > maxDepth {
		return met
	}
	n := &node{place: at, schema: m, resource: resource}
	if !u.dialect.old {
		if id, ok := m["$id"].(string); ok {
			n.resource = resolveURI(resource, id)
			u.ids[n.resource] = at
		}
		for _, key := range []string{"$anchor", "$dynamicAnchor"} {
			if name, ok := m[key].(string); ok {
				u.anchors[n.resource+"#"+name] = at
			}
		}
	}
	u.nodes[at] = n
	met = append(met, n)
	eachBelow(m, func(tokens []string, below any) {
		met = u.survey(met, at.at(tokens...), below, n.resource, depth+1)
	})
	return met
}

// refer finds where the references of a schema object lead.
func (u *units) refer(n *node) (err error) {
	if ref, ok := n.schema["$ref"].(string); ok {
		if n.ref, err = u.target(n, "$ref", ref); err != nil {
			return err
		}
		n.refers = true
	}
	if ref, ok := n.schema["$dynamicRef"].(string); ok && !u.dialect.old {
		n.dynamic, err = u.target(n, "$dynamicRef", ref)
	}
	return err
}

// target is the place that a reference leads to; it is in a unit then.
func (u *units) target(n *node, key, ref string) (place, error) {
	at, v, err := u.locate(n, key, ref)
	if err != nil {
		return place{}, err
	}
	return at, u.add(at, v)
}

func (u *units) locate(n *node, key, ref string) (place, any, error) {
	if u.dialect.old {
		return u.folder.refer(n.place, ref)
	}
	base, fragment, _ := strings.Cut(resolveURI(n.resource, ref), "#")
	if plain, err := url.PathUnescape(fragment); err == nil {
		fragment = plain
	}
	if fragment != "" && !strings.HasPrefix(fragment, "/") {
		at, ok := u.anchors[base+"#"+fragment]
		if !ok {
			return place{}, nil, n.at(key).errorf("%q: there is no $anchor of that name among the schemas that are used: write one, or refer by JSON Pointer", ref)
		}
		return at, u.nodes[at].schema, nil
	}
	start, known := u.ids[base]
	if !known && n.resource == fileURI(n.file) {
		return u.folder.refer(n.place, ref)
	}
	if name, ok := strings.CutPrefix(base, "file:///"); ok && !known {
		if plain, err := url.PathUnescape(name); err == nil {
			name = plain
		}
		start, known = place{file: name}, true
	}
	if !known {
		return place{}, nil, n.at(key).errorf("%q is the $id of no schema that is used, and nothing is fetched: save it beside the description and refer to it by file name", ref)
	}
	in, err := u.folder.file(start.file)
	if err != nil {
		return place{}, nil, n.at(key).errorf("%q: %w", ref, err)
	}
	to := place{start.file, start.pointer + fragment}
	v, ok := look(in.tree, to.pointer)
	if !ok {
		return place{}, nil, n.at(key).errorf("%q: nothing stands there: correct the reference, or write what it is to lead to", ref)
	}
	return to, v, nil
}

// resolveURI resolves a reference; what cannot be parsed stays as it is.
func resolveURI(base, ref string) string {
	b, err := url.Parse(base)
	if err != nil {
		return ref
	}
	r, err := url.Parse(ref)
	if err != nil {
		return ref
	}
	return strings.TrimSuffix(b.ResolveReference(r).String(), "#")
}
