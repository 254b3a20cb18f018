package openapi

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// A parameter's style says how it is written (OpenAPI 3.1.1 section 4.12.2,
// after RFC 6570). What may be read in more than one way is: a parameter is valid
// if one of its readings is. The first is the standard's own.

// decoder turns a piece of what was sent into text; false if it cannot be.
type decoder func(string) (string, bool)

func decodePath(text string) (string, bool) {
	plain, err := url.PathUnescape(text)
	return plain, err == nil && utf8.ValidString(plain)
}

func decodeQuery(text string) (string, bool) {
	plain, err := url.QueryUnescape(text)
	return plain, err == nil && utf8.ValidString(plain)
}

// decodeHeader takes header fields as they are, as clients write them.
func decodeHeader(text string) (string, bool) { return text, utf8.ValidString(text) }

// decodeCookie takes escapes off where all are well-formed.
func decodeCookie(text string) (string, bool) {
	if plain, ok := decodePath(text); ok {
		return plain, true
	}
	return text, utf8.ValidString(text)
}

// readings are the ways to read one text that holds the whole parameter, by
// the parameter's separators.
func (p *parameter) readings(text string, decode decoder, separators ...string) []reading {
	var all []reading
	k := p.shape.kinds
	if k&scalar != 0 {
		if plain, ok := decode(text); ok {
			all = append(all, reading{kind: isString, text: plain})
		}
	}
	for _, separator := range separators {
		pieces := split(text, separator)
		if k&isArray != 0 {
			if list, ok := readList(pieces, decode); ok {
				all = append(all, list)
			}
		}
		if k&isObject != 0 {
			if object, ok := readObject(pieces, p.explode, decode); ok {
				all = append(all, object)
			}
		}
	}
	return all
}

// split splits at a separator, whose letters may be in either case; nothing is
// no piece.
func split(text, separator string) []string {
	if text == "" {
		return nil
	}
	if separator[0] == '%' {
		text = strings.ReplaceAll(text, strings.ToLower(separator), separator)
	}
	return strings.Split(text, separator)
}

func readList(pieces []string, decode decoder) (reading, bool) {
	r := reading{kind: isArray}
	for _, piece := range pieces {
		plain, ok := decode(piece)
		if !ok {
			return r, false
		}
		r.list = append(r.list, reading{kind: isString, text: plain})
	}
	return r, true
}

// readObject reads names and values: "R=100" exploded, "R", "100" otherwise.
func readObject(pieces []string, explode bool, decode decoder) (reading, bool) {
	r := reading{kind: isObject, named: map[string]reading{}}
	if !explode && len(pieces)%2 != 0 {
		return r, false
	}
	for i := 0; i < len(pieces); i++ {
		name, value := pieces[i], ""
		if explode {
			var ok bool
			if name, value, ok = strings.Cut(name, "="); !ok {
				return r, false
			}
		} else {
			i++
			value = pieces[i]
		}
		name, ok := decode(name)
		plain, fine := decode(value)
		if _, twice := r.named[name]; !ok || !fine || twice {
			return r, false
		}
		r.named[name] = reading{kind: isString, text: plain}
	}
	return r, true
}

// path reads a segment's part that stands for the parameter.
func (p *parameter) path(raw string) []reading {
	switch p.style {
	case "label":
		rest, ok := strings.CutPrefix(raw, ".")
		if !ok {
			return nil
		}
		if p.explode {
			return p.readings(rest, decodePath, ".")
		}
		return p.readings(rest, decodePath, ",", ".") // "." in OpenAPI up to 3.0.3
	case "matrix":
		return p.matrix(raw)
	}
	return p.readings(raw, decodePath, ",")
}

// matrix is ;name=value, the values of a list each in one of its own if exploded,
// and those of an object under their own names.
func (p *parameter) matrix(raw string) []reading {
	rest, ok := strings.CutPrefix(raw, ";")
	if !ok {
		return nil
	}
	if p.explode && p.shape.kinds&isObject != 0 {
		if object, ok := readObject(strings.Split(rest, ";"), true, decodePath); ok {
			return []reading{object}
		}
	}
	var values []string
	for piece := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(piece, "=")
		if plain, ok := decodePath(name); !ok || plain != p.name {
			return nil
		}
		values = append(values, value)
	}
	return p.several(values, decodePath, ",")
}

// several reads values that each stand under the parameter's name.
func (p *parameter) several(values []string, decode decoder, separators ...string) []reading {
	if len(values) == 1 && !p.explode {
		return p.readings(values[0], decode, separators...)
	}
	var all []reading
	if len(values) == 1 && p.shape.kinds&scalar != 0 {
		if plain, ok := decode(values[0]); ok {
			all = append(all, reading{kind: isString, text: plain})
		}
	}
	if p.shape.kinds&isArray != 0 && p.explode {
		if list, ok := readList(values, decode); ok {
			all = append(all, list)
		}
	}
	return all
}

// separators are those of a style in a query: the standard's, and how clients
// write it that escape whole values.
func (p *parameter) separators() []string {
	switch p.style {
	case "spaceDelimited":
		return []string{"%20", "+"}
	case "pipeDelimited":
		return []string{"|", "%7C"}
	}
	return []string{",", "%2C"}
}

// pairs reads a parameter of style form, spaceDelimited or pipeDelimited, from
// a query or from cookies. there is false if none of it was sent.
func (p *parameter) pairs(all pairs, decode decoder) (found []reading, there bool) {
	values := all[p.name]
	if p.explode && p.style == "form" && p.shape.kinds&isObject != 0 && len(values) == 0 {
		object := reading{kind: isObject, named: map[string]reading{}}
		for name, s := range p.shape.properties {
			if len(all[name]) == 0 {
				continue
			}
			list, ok := readList(all[name], decode)
			if !ok {
				return nil, true
			}
			if s.kinds&isArray == 0 {
				if len(list.list) > 1 {
					return nil, true
				}
				list = list.list[0]
			}
			object.named[name] = list
		}
		return []reading{object}, len(object.named) > 0
	}
	if len(values) == 0 {
		return nil, false
	}
	return p.several(values, decode, p.separators()...), true
}

// deep reads a parameter of style deepObject: name[key]=value, and
// name[key][key]=value.
func (p *parameter) deep(all pairs) (found []reading, there bool) {
	root := reading{kind: isObject, named: map[string]reading{}}
	prefix := p.name + "["
	for name, values := range all {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		there = true
		rest, ok = strings.CutSuffix(rest, "]")
		keys := strings.Split(rest, "][")
		if !ok || len(keys) > maxShape || strings.ContainsAny(strings.Join(keys, ""), "[]") {
			return nil, true
		}
		if !root.set(keys, values, p.shape) {
			return nil, true
		}
	}
	return []reading{root}, there
}

// set puts values at keys below an object; false if another value is there, or
// they are several where the schema takes no list.
func (r reading) set(keys, values []string, s *shape) bool {
	s = s.property(keys[0])
	if len(keys) > 1 {
		below, ok := r.named[keys[0]]
		if !ok {
			below = reading{kind: isObject, named: map[string]reading{}}
			r.named[keys[0]] = below
		}
		return below.kind == isObject && below.set(keys[1:], values, s)
	}
	list, ok := readList(values, decodeQuery)
	if _, twice := r.named[keys[0]]; !ok || twice {
		return false
	}
	if s.kinds&isArray == 0 || len(values) == 1 && s.kinds&scalar != 0 {
		if len(values) > 1 {
			return false
		}
		list = list.list[0]
	}
	r.named[keys[0]] = list
	return true
}
