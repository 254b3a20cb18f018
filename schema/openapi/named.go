package openapi

import (
	"maps"
	"slices"
)

// What builds upon a schema with a discriminator may be one of its heirs, such as
// Dog upon Pet, or any pet with something added: StoredPet, with its id. Nothing
// but its name tells them apart, so what is no heir by name takes along what all
// heirs mark. An heir by name is one that the discriminator is known to lead to:
// its mapping names it; or, where that is silent, the discriminator's property
// takes the name of this component among others in the schema, or alone in the
// heir. Such an heir is itself or what builds upon it, and no other heir.

// nameHeirs notes which heirs are heirs by name to all that they build upon, and
// has them take along the heirs that build upon them.
func (u *units) nameHeirs() {
	owners := map[place][]*discriminator{} // by the schema that they are a part of
	var candidates []place
	for _, at := range slices.SortedFunc(maps.Keys(u.nodes), byPlace) {
		if n := u.nodes[at]; len(n.heirs) > 0 {
			d := u.readDiscriminator(n)
			owners[inAll(at)] = append(owners[inAll(at)], d)
			candidates = slices.AppendSeq(candidates, maps.Keys(d.heirs))
		}
	}
	slices.SortFunc(candidates, byPlace)
	candidates = slices.Compact(candidates)
	ancestors := ancestry{units: u, parents: map[place][]place{}}
	for _, heir := range candidates {
		// What may be null is a way to use another schema, even if a mapping names it.
		if n := u.nodes[heir]; n != nil && n.schema["nullable"] != true {
			n.named = named(heir, ancestors.of(heir, nil), owners)
		}
	}
	// The named ones next above take an heir along; further up it comes with them.
	for _, heir := range candidates {
		for _, at := range ancestors.of(heir, u.isNamed) {
			if u.isNamed(at) && !slices.Contains(u.nodes[at].heirs, heir) {
				u.nodes[at].heirs = append(u.nodes[at].heirs, heir)
			}
		}
	}
}

func (u *units) isNamed(at place) bool {
	n := u.nodes[at]
	return n != nil && n.named
}

// named says that every discriminator above an heir leads to it by name. One in
// a part of the heir itself would be left out with those above: it is not taken
// for named then.
func named(heir place, above []place, owners map[place][]*discriminator) bool {
	for _, d := range owners[heir] {
		if d.at != heir {
			return false
		}
	}
	told := false
	for _, at := range above {
		for _, d := range owners[at] {
			if !d.heirs[heir] {
				return false
			}
			told = true
		}
	}
	return told
}

// discriminator is one that may mean heirs.
type discriminator struct {
	at    place
	heirs map[place]bool // and whether by name
}

func (u *units) readDiscriminator(n *node) *discriminator {
	d := &discriminator{at: n.place, heirs: map[place]bool{}}
	m, _ := n.schema["discriminator"].(map[string]any)
	mapping, _ := m["mapping"].(map[string]any)
	property, _ := m["propertyName"].(string)
	byName := func(value any) place {
		name, _ := value.(string)
		at, _, found := u.component(n, name)
		if _, mapped := mapping[name]; mapped || !found {
			return place{}
		}
		return u.itself(at)
	}
	for _, heir := range u.mapped(n, m) {
		d.heirs[u.itself(heir)] = true
	}
	for _, list := range u.lists(inAll(n.place), property, 0) {
		for _, value := range list {
			if at := byName(value); at != (place{}) {
				d.heirs[at] = true
			}
		}
	}
	for _, heir := range n.heirs {
		heir = u.itself(heir)
		isOnly := func(list []any) bool { return len(list) == 1 && byName(list[0]) == heir }
		d.heirs[heir] = d.heirs[heir] || slices.ContainsFunc(u.lists(heir, property, 0), isOnly)
	}
	return d
}

// itself is the schema at a place, or the one that it stands for.
func (u *units) itself(at place) place {
	v, _ := look(u.folder.files[at.file].tree, at.pointer)
	if to, _, err := u.actual(at, v); err == nil {
		return to
	}
	return at
}

// lists are the values that a schema's own parts let a property have: a value must
// be in each of them.
func (u *units) lists(at place, property string, depth int) (all [][]any) {
	v, _ := look(u.folder.files[at.file].tree, at.pointer)
	m, ok := v.(map[string]any)
	if !ok || depth > maxDepth || m["$ref"] != nil && u.dialect.old {
		return nil
	}
	properties, _ := m["properties"].(map[string]any)
	if of, ok := properties[property]; ok {
		_, of, _ = u.actual(at.at("properties", property), of)
		of, _ := of.(map[string]any)
		if list, ok := of["enum"].([]any); ok {
			all = append(all, list)
		}
		if value, ok := of["const"]; ok && !u.dialect.old {
			all = append(all, []any{value})
		}
	}
	parts, _ := m["allOf"].([]any)
	for i := range parts {
		all = append(all, u.lists(at.at("allOf").index(i), property, depth+1)...)
	}
	return all
}

// ancestry tells what schemas build upon.
type ancestry struct {
	*units
	parents map[place][]place
}

// of are the schemas that one builds upon, and those that they do, up to where end
// says so.
func (a *ancestry) of(heir place, end func(place) bool) (all []place) {
	seen := map[place]bool{heir: true}
	for todo := []place{heir}; len(todo) > 0; todo = todo[1:] {
		for _, parent := range a.next(todo[0]) {
			if seen[parent] {
				continue
			}
			seen[parent] = true
			all = append(all, parent)
			if end == nil || !end(parent) {
				todo = append(todo, parent)
			}
		}
	}
	return all
}

// next are the schemas that one builds upon itself.
func (a *ancestry) next(at place) []place {
	parents, known := a.parents[at]
	if !known {
		v, _ := look(a.folder.files[at.file].tree, at.pointer)
		parents = a.units.parents(at, v, 0)
		a.parents[at] = parents
	}
	return parents
}
