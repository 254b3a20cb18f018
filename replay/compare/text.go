package compare

import (
	"regexp"
	"strings"
)

// mark is what masking leaves in place of a secret, in text and in a URL.
var mark = regexp.MustCompile(`\[masked(:[^\]\s]{1,200})?\]|%5Bmasked((:|%3A)([^%\s&/;]|%[0-9A-F]{2}){1,200}?)?%5D`)

// Marks are the marks in a recorded text, in order.
func Marks(text string) []string { return mark.FindAllString(text, -1) }

// HasMark says whether something was masked in a recorded text.
func HasMark(text string) bool { return mark.MatchString(text) }

// marked says whether text is what a recorded one may have been before it was
// masked: equal but for something in place of each mark.
func marked(recorded, text string) bool {
	parts := mark.Split(recorded, -1)
	first, last := parts[0], parts[len(parts)-1]
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}

const maxShown = 160

// shown is text as a report may hold it.
func (c *comparison) shown(text string) string {
	clean, _ := c.opts.Policy.Text(text)
	return c.cut(clean)
}

// cut hides further secrets and bounds a text.
func (c *comparison) cut(text string) string {
	if c.opts.Hide != nil {
		text = c.opts.Hide(text)
	}
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	return text
}
