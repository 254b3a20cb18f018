package openapi

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// place is where something stands: in which file, and at which JSON Pointer
// (RFC 6901).
type place struct{ file, pointer string }

// String is the place for people, "orders.yaml#/paths/~1orders".
func (p place) String() string { return p.file + "#" + p.pointer }

// at is a place below p.
func (p place) at(tokens ...string) place {
	for _, tok := range tokens {
		p.pointer += "/" + jsonscan.EscapeToken(tok)
	}
	return p
}

func (p place) index(i int) place { return place{p.file, p.pointer + "/" + strconv.Itoa(i)} }

// errorf is an error about what stands there.
func (p place) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %w", p, fmt.Errorf(format, args...))
}

// tokens are those of a pointer, unescaped.
func tokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	all := strings.Split(pointer[1:], "/")
	for i := range all {
		all[i] = jsonscan.UnescapeToken(all[i])
	}
	return all
}

// step goes down by one token.
func step(v any, tok string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		below, ok := v[tok]
		return below, ok
	case []any:
		if i, err := strconv.Atoi(tok); err == nil && i >= 0 && i < len(v) && strconv.Itoa(i) == tok {
			return v[i], true
		}
	}
	return nil, false
}

// look is what stands at a pointer.
func look(v any, pointer string) (any, bool) {
	for _, tok := range tokens(pointer) {
		below, ok := step(v, tok)
		if !ok {
			return nil, false
		}
		v = below
	}
	return v, true
}

// refer is the place that a $ref leads to, and what stands there. from is the
// place of the object that holds it.
func (f *folder) refer(from place, ref string) (place, any, error) {
	at := from.at("$ref")
	u, err := url.Parse(ref)
	if err != nil {
		return place{}, nil, at.errorf("%q is no reference: write a file name, # and a JSON Pointer", ref)
	}
	if u.Scheme != "" || u.Host != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.HasPrefix(u.Path, "/") {
		return place{}, nil, at.errorf("%q is not in the description's folder, and nothing is fetched: save it beside the description and refer to it by file name", ref)
	}
	to := place{file: from.file, pointer: u.Fragment}
	if u.Path != "" {
		to.file = beside(from.file, u.Path)
	}
	if to.pointer != "" && !strings.HasPrefix(to.pointer, "/") {
		return place{}, nil, at.errorf("%q is not a JSON Pointer after the #: begin it with /", ref)
	}
	in, err := f.file(to.file)
	if err != nil {
		return place{}, nil, at.errorf("%q: %w", ref, err)
	}
	v, ok := look(in.tree, to.pointer)
	if !ok {
		return place{}, nil, at.errorf("%q: nothing stands there: correct the reference, or write what it is to lead to", ref)
	}
	return to, v, nil
}

// maxChain is how many references may lead from one to the next.
const maxChain = 32

// follow goes through references to the object at their end. beside says that
// members beside the first $ref are put into the object where it has none.
func (f *folder) follow(at place, v any) (place, any, error) {
	seen := []place{at}
	for {
		m, ok := v.(map[string]any)
		if !ok {
			return at, v, nil
		}
		ref, ok := m["$ref"].(string)
		if !ok {
			return at, v, nil
		}
		var err error
		if at, v, err = f.refer(at, ref); err != nil {
			return place{}, nil, err
		}
		if slices.Contains(seen, at) || len(seen) > maxChain {
			return place{}, nil, seen[0].errorf("its $ref leads in a circle or through more than %d references: refer to the object itself", maxChain)
		}
		seen = append(seen, at)
	}
}
