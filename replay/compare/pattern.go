package compare

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// Pattern names places that are not compared.
type Pattern struct {
	request string   // a path.Match pattern of method and path; empty: any
	part    Part     // status, header or body
	name    string   // of a header, in lower case
	steps   []string // of a JSON Pointer; * is any one, ** any number; none: the whole body
}

// ParsePattern reads a pattern: status, header:<name>, body, or a JSON Pointer
// in which the step * stands for any key or index and ** for any number of
// steps, none too. What is below a place is meant with it. A method, or a method and a
// path in which * stands for a segment, may stand before it, separated by
// blanks: "GET /orders/* /updated_at".
func ParsePattern(text string) (Pattern, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Pattern{}, errors.New("there is nothing in it: give status, header:<name>, body or a JSON Pointer such as /items/*/updated_at")
	}
	p := Pattern{request: strings.Join(words[:len(words)-1], " ")}
	if len(words) > 3 {
		return Pattern{}, fmt.Errorf("%q has too many words: give a method, a path and a place", text)
	}
	if _, err := path.Match(p.request, ""); err != nil {
		return Pattern{}, fmt.Errorf("%q: the path is no pattern", text)
	}
	place, err := ParsePlace(words[len(words)-1])
	place.request = p.request
	return place, err
}

// ParsePlace reads a pattern that begins with no request, such as [Noise]
// makes. A key in it may have blanks.
func ParsePlace(place string) (p Pattern, err error) {
	name, isHeader := strings.CutPrefix(place, "header:")
	switch {
	case place == string(PartStatus), place == string(PartBody):
		p.part = Part(place)
	case isHeader && name != "":
		p.part, p.name = PartHeader, strings.ToLower(name)
	case strings.HasPrefix(place, "/"):
		p.part, p.steps = PartBody, steps(place)
	default:
		return Pattern{}, fmt.Errorf("%q is no place: give status, header:<name>, body or a JSON Pointer such as /items/*/updated_at", place)
	}
	return p, nil
}

// String is the pattern as ParsePattern reads it.
func (p Pattern) String() string {
	text := string(p.part)
	switch p.part {
	case PartHeader:
		text = "header:" + p.name
	case PartBody:
		if len(p.steps) > 0 {
			text = "/" + strings.Join(p.steps, "/")
		}
	}
	return strings.TrimSpace(p.request + " " + text)
}

// Concerns says whether the pattern is for a request with this method and
// escaped path.
func (p Pattern) Concerns(method, urlPath string) bool {
	want, wantPath, both := strings.Cut(p.request, " ")
	switch {
	case p.request == "":
		return true
	case !both && strings.HasPrefix(want, "/"):
		want, wantPath = method, want
	case !both:
		return want == method
	}
	ok, err := path.Match(wantPath, urlPath)
	return err == nil && ok && want == method
}

// covers says whether a place, or one above it, is meant.
func (p *Pattern) covers(part Part, pointer string) bool {
	if p.part != part {
		return false
	}
	switch part {
	case PartStatus:
		return true
	case PartHeader:
		return p.name == pointer
	}
	if pointer == "" {
		return len(p.steps) == 0
	}
	return leads(p.steps, steps(pointer))
}

// leads says whether the pattern matches the place's first steps.
func leads(pattern, place []string) bool {
	for i, want := range pattern {
		if want == "**" {
			for skip := range len(place) + 1 {
				if leads(pattern[i+1:], place[skip:]) {
					return true
				}
			}
			return false
		}
		if len(place) == 0 || want != "*" && want != place[0] {
			return false
		}
		place = place[1:]
	}
	return true
}

// steps are those of a JSON Pointer, escaped as they are.
func steps(pointer string) []string { return strings.Split(strings.TrimPrefix(pointer, "/"), "/") }

// general is a pointer with * in place of indexes.
func general(pointer string) string {
	all := strings.Split(pointer, "/")
	for i, step := range all {
		if isIndex(step) {
			all[i] = "*"
		}
	}
	return strings.Join(all, "/")
}

func isIndex(step string) bool { return step != "" && strings.Trim(step, "0123456789") == "" }
