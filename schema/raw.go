package schema

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// id is the document's $id (draft 4: id) as written, or its file's base name.
func (d document) id() string {
	if id := strings.TrimSuffix(rawID(d.raw), "#"); id != "" {
		return id
	}
	return d.name
}

func rawID(raw any) string {
	m, _ := raw.(map[string]any)
	key := "$id"
	if s, _ := m["$schema"].(string); strings.Contains(s, "draft-04") {
		key = "id"
	}
	id, _ := m[key].(string)
	return id
}

// resolveID is the URL that $id gives a document loaded from at; "" for none.
// Up to draft 7 a $ref beside it disables it.
func resolveID(at string, raw any) string {
	m, _ := raw.(map[string]any)
	s, _ := m["$schema"].(string)
	if _, ok := m["$ref"]; ok && strings.Contains(s, "draft-0") {
		return ""
	}
	id, _, _ := strings.Cut(rawID(raw), "#")
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
func findRef(raw any, at, target, ptr string) (ref, place string, ok bool) {
	switch v := raw.(type) {
	case map[string]any:
		if id := resolveID(at, v); id != "" {
			at = id
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			here := ptr + "/" + escapeToken(k)
			if s, isText := v[k].(string); isText && (strings.HasSuffix(k, "ef") || k == "$schema") && strings.HasPrefix(k, "$") && resolve(at, s) == target {
				return s, here, true
			}
			if ref, place, ok = findRef(v[k], at, target, here); ok {
				return ref, place, true
			}
		}
	case []any:
		for i, e := range v {
			if ref, place, ok = findRef(e, at, target, ptr+"/"+strconv.Itoa(i)); ok {
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
