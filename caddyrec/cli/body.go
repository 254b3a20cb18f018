package cli

import (
	"fmt"
	"strings"

	"github.com/caddyrec/caddyrec/masking"
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

// markTokens paints the places that were masked in a text that is not JSON.
func (c *console) markTokens(line string) string {
	line = strings.ReplaceAll(line, masking.Token, c.styled(hidden, masking.Token))
	return strings.ReplaceAll(line, "%5Bmasked%5D", c.styled(hidden, "%5Bmasked%5D"))
}
