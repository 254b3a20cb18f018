package openapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// segment is one segment of a path template: texts and the names of parameters
// by turns, texts[0] names[0] texts[1] … A segment without parameters is one text.
// Texts are normalised.
type segment struct {
	texts []string
	names []string
}

// variable is a parameter of a template.
type variable struct {
	name    string
	segment int // of the whole path, base included
}

// parseTemplate reads a path template.
func parseTemplate(template string) ([]segment, error) {
	if !strings.HasPrefix(template, "/") {
		return nil, errors.New("the path does not begin with /: write it there")
	}
	if strings.ContainsAny(template, "?#") {
		return nil, errors.New("the path holds a ? or #, and only the path of a request is compared: describe a query as parameters")
	}
	var all []segment
	var names []string
	for text := range strings.SplitSeq(template[1:], "/") {
		s, err := parseSegment(text)
		if err != nil {
			return nil, err
		}
		for _, name := range s.names {
			if slices.Contains(names, name) {
				return nil, fmt.Errorf("the parameter {%s} stands twice in the path: name one of them otherwise", name)
			}
			names = append(names, name)
		}
		all = append(all, s)
	}
	return all, nil
}

func parseSegment(text string) (s segment, err error) {
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			open = len(text)
		}
		if strings.IndexByte(text[:open], '}') >= 0 {
			return s, errors.New("a } in the path closes nothing: write %7D for the character")
		}
		plain, ok := normal(text[:open])
		if !ok {
			return s, errors.New("the path holds a % that begins no escape: write %25 for the character")
		}
		if isDots(plain) && len(s.names) == 0 && open == len(text) {
			return s, errors.New("the path holds a dot segment: write the path it stands for")
		}
		s.texts = append(s.texts, plain)
		if open == len(text) {
			return s, nil
		}
		if plain == "" && len(s.names) > 0 {
			return s, errors.New("two parameters of the path touch, so that nothing tells where one ends: put a text between them")
		}
		end := strings.IndexByte(text[open:], '}')
		if end < 2 {
			return s, errors.New("a { in the path begins no {name}: write a name and }, or %7B for the character")
		}
		s.names = append(s.names, text[open+1:open+end])
		text = text[open+end+1:]
	}
}

// match takes a segment of a request's path apart: what stands for each
// parameter, still escaped, none of them empty. Of several ways the first
// parameters are as short as can be, and the last takes what is left. It appends
// to values.
func (s *segment) match(text string, values []string) ([]string, bool) {
	text, ok := strings.CutPrefix(text, s.texts[0])
	if !ok {
		return values, false
	}
	for i := range s.names {
		after := s.texts[i+1]
		if i == len(s.names)-1 {
			text, ok = strings.CutSuffix(text, after)
			if !ok || text == "" {
				return values, false
			}
			return append(values, text), true
		}
		if text == "" {
			return values, false
		}
		end := strings.Index(text[1:], after) // a value is not empty
		if end < 0 {
			return values, false
		}
		values = append(values, text[:end+1])
		text = text[end+1+len(after):]
	}
	return values, text == ""
}

// literal says that a segment has no parameters.
func (s *segment) literal() bool { return len(s.names) == 0 }

// shape is the segment without the names of its parameters: two of one shape
// match the same.
func (s *segment) shape() string { return strings.Join(s.texts, "{}") }

// compare orders segments with parameters: more text first.
func (s *segment) compare(o *segment) int {
	if d := len(strings.Join(o.texts, "")) - len(strings.Join(s.texts, "")); d != 0 {
		return d
	}
	if d := len(s.names) - len(o.names); d != 0 {
		return d
	}
	return strings.Compare(s.shape(), o.shape())
}

const upperHex = "0123456789ABCDEF"

// normal is a segment as RFC 3986 section 6.2.2 has it: unreserved characters
// plain, all others that need it escaped, in upper case. What is escaped and
// reserved stays escaped: a %2F does not part segments, a %3A is not a colon of
// the template. False where a % begins no escape.
func normal(text string) (string, bool) {
	plain := true
	for i := 0; i < len(text); i++ {
		plain = plain && text[i] != '%' && isPath(text[i])
	}
	if plain {
		return text, true
	}
	b := make([]byte, 0, len(text)+16)
	for i := 0; i < len(text); i++ {
		c := text[i]
		escaped := c == '%'
		if escaped {
			if i+2 >= len(text) || unhex(text[i+1]) < 0 || unhex(text[i+2]) < 0 {
				return "", false
			}
			c = byte(unhex(text[i+1])<<4 | unhex(text[i+2]))
			i += 2
		}
		if isUnreserved(c) || !escaped && isPath(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b), true
}

func isUnreserved(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// isPath says that a character may stand plain in a segment: RFC 3986 section 3.3.
func isPath(c byte) bool {
	return isUnreserved(c) || strings.IndexByte("!$&'()*+,;=:@", c) >= 0
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

func isDots(text string) bool { return text == "." || text == ".." }

// climbs says that a normalised segment is a dot segment, or would hold one for
// a reader that takes its %2F or %5C for a separator.
func climbs(text string) bool {
	if len(text) > 2 && strings.IndexByte(text, '%') < 0 && strings.IndexByte(text, '\\') < 0 {
		return false
	}
	if isDots(text) {
		return true
	}
	if !strings.Contains(text, "%2F") && !strings.Contains(text, "%5C") {
		return false
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "%5C", "%2F"), "%2F") {
		if isDots(part) {
			return true
		}
	}
	return false
}
