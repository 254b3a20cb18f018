package masking

import (
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// Pointer masks what is secret in the segments of a JSON Pointer (RFC 6901):
// keys that a client chose may themselves be secrets.
func (p *Policy) Pointer(pointer string) string {
	segments := strings.Split(pointer, "/")
	for i, s := range segments {
		clean, places := p.Text(jsonscan.UnescapeToken(s))
		if len(places) > 0 {
			segments[i] = jsonscan.EscapeToken(clean)
		}
	}
	return strings.Join(segments, "/")
}
