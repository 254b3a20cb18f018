package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/caddyrec/caddyrec/record"
)

// body writes a body: JSON in lines, with the masked places marked; what it
// was before masking below it. Marks are the rules by JSON Pointer.
func (s *sheet) body(b *record.Body, marks map[string]string) {
	if b == nil {
		return
	}
	if b.Content != nil {
		s.content(*b.Content, marks)
	}
	if b.Encrypted != "" && b.Content == nil {
		s.painted("", warn, "the body is encrypted: give --identity FILE")
	}
	about := fmt.Sprintf("%d bytes", b.Size)
	if b.Type != "" {
		about += " " + b.Type
	}
	if b.Encoding != "" {
		about += ", coded " + b.Encoding
	}
	s.field("body", "%s", about)
	if b.Omitted != "" {
		s.painted("", warn, "not recorded: %s", b.Omitted)
	}
	if b.Truncated {
		s.painted("", warn, "it went on past what was captured")
	}
	s.field("digest", "%s", b.Digest)
}

// content writes a body's text.
func (s *sheet) content(text string, marks map[string]string) {
	if lines, ok := s.con.prettyJSON([]byte(text), marks); ok {
		s.block(lines)
		return
	}
	lines := strings.Split(cleanLines(text), "\n")
	if len(marks) > 0 {
		for i, line := range lines {
			lines[i] = s.con.markTokens(line)
		}
	}
	s.block(lines)
}

// maskMarks are what stands in place of secrets, also percent-encoded in a URL.
var maskMarks = regexp.MustCompile(`(\[|%5B)masked(:[^\[\]"% ]{1,64})?(\]|%5D)`)

// markTokens paints the places that were masked.
func (c *console) markTokens(line string) string {
	return maskMarks.ReplaceAllStringFunc(line, func(mark string) string { return c.styled(hidden, mark) })
}
