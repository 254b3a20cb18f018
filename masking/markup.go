package masking

import "bytes"

// What stands within markup, XML or HTML: the content of elements with a
// secret name, and of elements and attributes that another attribute gives a
// secret name. <password>x</password>, <item key="password">x</item>,
// <input name="password" value="x">. Attributes with a secret name are params.

const (
	// maxTag is how long a tag may be whose attributes are looked at.
	maxTag = 1 << 10
	// maxOpen bounds the search for ends that are not there.
	maxOpen = 8
)

// elements adds the secret contents in text.
func (w *work) elements(text []byte) {
	open := 0 // elements without an end so far
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '<')
		if n < 0 {
			return
		}
		start := i + n + 1
		name := tagName(text[start:])
		w.root.looked += n + len(name) + 1
		i = start + len(name)
		if len(name) == 0 {
			continue
		}
		end, value, named := w.tag(text, i)
		if end < 0 {
			continue
		}
		rule := w.p.keys.find(localName(name)).rule
		if rule == "" {
			rule = named
		}
		i = end
		if rule == "" {
			continue
		}
		if value.end > 0 {
			w.add(value.start, value.end, rule)
		}
		if text[end-2] == '/' {
			continue // <pin/>
		}
		last, closed := closingTag(text, end, name)
		w.root.looked += last - end
		if !closed {
			if open++; open > maxOpen {
				w.add(end, len(text), rule) // in doubt
				return
			}
			// A placeholder in prose, or the text was cut short, or HTML.
			if value.end > 0 || end == len(text) || text[end] == ' ' {
				continue
			}
			if last = bytes.IndexByte(text[end:], '<'); last < 0 {
				last = len(text) - end
			}
			last += end
		}
		if content := bytes.TrimSpace(text[end:last]); len(content) > 0 && string(content) != Token {
			from := end + bytes.Index(text[end:last], content[:1])
			w.add(from, from+len(content), rule)
		}
		i = last
	}
}

// tagName is the name of an element that text begins with.
func tagName(text []byte) []byte {
	n := 0
	for n < len(text) && n < longestName && (nameByte(text[n]) || text[n] == ':') {
		n++
	}
	return text[:n]
}

// localName is an element's name without its namespace.
func localName(name []byte) []byte { return name[bytes.LastIndexByte(name, ':')+1:] }

// part is a part of a text.
type part struct{ start, end int }

// tag reads the rest of a tag, from i on: where it ends, or -1 when it is none,
// the attribute that holds a value, and the rule that calls the name secret
// that an attribute gives.
func (w *work) tag(text []byte, i int) (end int, value part, rule string) {
	limit := min(len(text), i+maxTag)
	for from := i; i < limit; i++ {
		switch c := text[i]; c {
		case '>':
			w.root.looked += i - from
			return i + 1, value, rule
		case '<':
			w.root.looked += i - from
			return -1, part{}, ""
		case '"', '\'':
			open, escapes := i, backslashes(text[from:i])
			i = closing(text[:limit], i+1, c, escapes)
			attribute, _ := nameBefore(bytes.TrimRight(text[from:open], `= \`))
			switch content := text[open+1 : i]; {
			case isName(attribute) || string(attribute) == "id":
				if by := w.p.keys.find(content).rule; by != "" {
					rule = by
				}
			case isValue(attribute):
				value = part{start: open + 1, end: i}
			}
			i += escapes
		}
	}
	w.root.looked += maxTag
	return -1, part{}, ""
}

// closingTag is where the element's end tag begins, looked for from i on.
func closingTag(text []byte, i int, name []byte) (int, bool) {
	for {
		n := bytes.Index(text[i:], []byte("</"))
		if n < 0 {
			return len(text), false
		}
		i += n
		if tag := tagName(text[i+2:]); bytes.EqualFold(tag, name) {
			return i, true
		}
		i += 2
	}
}
