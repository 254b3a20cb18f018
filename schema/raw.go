package schema

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// id is the document's $id (draft 4: id) as written, or its file's base name.
func (l *library) id() string {
	d := l.main
	if id := strings.TrimSuffix(l.rawID(d.raw), "#"); id != "" {
		return id
	}
	return d.name
}

func (l *library) rawID(raw any) string {
	m, _ := raw.(map[string]any)
	key := "$id"
	if s, ok := m["$schema"].(string); strings.Contains(s, "draft-04") || !ok && l.draft == Draft4 {
		key = "id"
	}
	id, _ := m[key].(string)
	return id
}

// resolveID is the URL that $id gives a document loaded from at; "" for none.
// Up to draft 7 a $ref beside it disables it.
func (l *library) resolveID(at string, raw any) string {
	m, _ := raw.(map[string]any)
	s, named := m["$schema"].(string)
	old := strings.Contains(s, "draft-0") || !named && l.draft.old()
	if _, ok := m["$ref"]; ok && old {
		return ""
	}
	id, _, _ := strings.Cut(l.rawID(raw), "#")
	if id == "" {
		return ""
	}
	return resolve(at, id)
}

// resolve resolves ref against from as the compiler does, without fragment.
func resolve(from, ref string) string {
	ref, _, _ = strings.Cut(ref, "#")
	b, err := url.Parse(from)
	if err != nil {
		return ""
	}
	r, err := url.Parse(ref)
	if err != nil {
		return ""
	}
	if r.IsAbs() {
		return ref
	}
	return b.ResolveReference(r).String()
}

// findRef finds the reference below raw that resolves to target: its text
// and its place.
func (l *library) findRef(raw any, at, target, ptr string) (ref, place string, ok bool) {
	switch v := raw.(type) {
	case map[string]any:
		if id := l.resolveID(at, v); id != "" {
			at = id
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			here := ptr + "/" + escapeToken(k)
			if s, isText := v[k].(string); isText && (strings.HasSuffix(k, "ef") || k == "$schema") && strings.HasPrefix(k, "$") && resolve(at, s) == target {
				return s, here, true
			}
			if ref, place, ok = l.findRef(v[k], at, target, here); ok {
				return ref, place, true
			}
		}
	case []any:
		for i, e := range v {
			if ref, place, ok = l.findRef(e, at, target, ptr+"/"+strconv.Itoa(i)); ok {
				return ref, place, true
			}
		}
	}
	return "", "", false
}

// raw is the text a compiled node was made from: an object, a boolean, or nil
// for a node of a metaschema.
func (l *library) raw(n *jsonschema.Schema) any {
	u, frag, _ := strings.Cut(n.Location, "#")
	doc, ok := l.byURL[u]
	if !ok {
		return nil
	}
	v := doc.raw
	for tok := range strings.SplitSeq(strings.TrimPrefix(frag, "/"), "/") {
		if tok == "" && strings.TrimPrefix(frag, "/") == "" {
			break
		}
		tok = unescapeToken(tok)
		switch at := v.(type) {
		case map[string]any:
			v = at[tok]
		case []any:
			i, err := strconv.Atoi(tok)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

// place names a compiled node for people: file and pointer.
func (l *library) place(n *jsonschema.Schema) string {
	u, frag, _ := strings.Cut(n.Location, "#")
	name := u
	if doc, ok := l.byURL[u]; ok {
		name = doc.name
	}
	return name + ": " + plainPointer(frag)
}

// survey notes what in a document takes the evaluator to remember more than
// the value it looks at. It refuses identifiers that the compiler, which resolves
// them again and again, would not find again: some make it recurse until the
// process ends.
// names says that the keys of raw are names, not keywords; data that it is no
// schema.
func (l *library) survey(raw any, at string, names, data bool) error {
	switch v := raw.(type) {
	case map[string]any:
		for _, key := range []string{"$id", "id"} {
			id, ok := v[key].(string)
			if here, _, _ := strings.Cut(id, "#"); ok && !data && here != "" && resolve(resolve(base, here), "") != resolve(base, here) {
				_, ptr, _ := strings.Cut(at, "#")
				return fmt.Errorf("%s/%s is %q, which is no plain URI: write one without an empty query", plainPointer(ptr), key, id)
			}
		}
		if _, ok := v["$dynamicAnchor"].(string); ok {
			l.anchors = append(l.anchors, at)
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			l.loose = l.loose || k == "unevaluatedProperties" || k == "unevaluatedItems"
			if err := l.survey(v[k], at+"/"+escapeURL(k), !names && (byName[k] || k == "$defs" || k == "definitions"), data || !names && isData(k)); err != nil {
				return err
			}
		}
	case []any:
		for i, e := range v {
			if err := l.survey(e, at+"/"+strconv.Itoa(i), false, data); err != nil {
				return err
			}
		}
	}
	return nil
}

// resource is the location of the schema resource that a node belongs to: of
// the document, or of the innermost schema around it that has an $id.
func (l *library) resource(location string) string {
	u, frag, _ := strings.Cut(location, "#")
	at, v := u+"#", l.byURL[u].raw
	here := at
	for tok := range strings.SplitSeq(strings.TrimPrefix(frag, "/"), "/") {
		here += "/" + tok
		switch in := v.(type) {
		case map[string]any:
			v = in[unescapeToken(tok)]
		case []any:
			if i, err := strconv.Atoi(tok); err == nil && i >= 0 && i < len(in) {
				v = in[i]
			}
		}
		if m, ok := v.(map[string]any); ok && frag != "" {
			if id, ok := m["$id"].(string); ok && !strings.HasPrefix(id, "#") {
				at = here
			}
		}
	}
	return at
}

// dynamicAnchor is the anchor that a $dynamicRef looks for; false where it is
// to be read as $ref.
func (l *library) dynamicAnchor(s *jsonschema.Schema) (string, bool) {
	m, _ := l.raw(s).(map[string]any)
	ref, _ := m["$dynamicRef"].(string)
	_, anchor, _ := strings.Cut(ref, "#")
	return anchor, anchor != "" && s.DynamicRef.DynamicAnchor == anchor
}
