package maskedlog

import (
	"io"
	"log"
	"strings"
	"sync"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/masking"
)

// Go's own packages write to the log of its standard library, which Caddy sends
// to stderr, or to the sink's encoder where a configuration has a sink. Package
// net/http quotes there what an upstream sends where an answer can have no body,
// as behind 204.
//
// Caddy may set another writer after maskStandard: for a sink, and for a reload
// without a default log, even one that fails. An encoder must not look for that
// while it encodes: an entry may come from log itself, whose lock is held then.

var standardMu sync.Mutex

// maskStandard masks what is written to the standard library's log from now on.
func maskStandard() {
	standardMu.Lock()
	defer standardMu.Unlock()
	if w := log.Writer(); w != nil {
		if _, done := w.(standard); !done {
			log.SetOutput(standard{w})
		}
	}
}

// standard masks the lines that are written to it, each in one Write.
type standard struct{ to io.Writer }

// unsolicited is what net/http says before it quotes bytes of an upstream.
const unsolicited = "Unsolicited response received on idle HTTP channel starting with "

// unquoted is a line without the bytes of an upstream that net/http quotes.
func unquoted(text string) string {
	if at := strings.Index(text, unsolicited); at >= 0 {
		at += len(unsolicited)
		end := strings.LastIndex(text, "; err=")
		if end < at {
			end = len(text)
		}
		text = text[:at] + masking.Token + text[end:]
	}
	return text
}

// Write implements [io.Writer].
func (s standard) Write(line []byte) (int, error) {
	text := unquoted(string(line))
	text, _ = caddyrec.LogMasking().Text(text)
	if _, err := io.WriteString(s.to, text); err != nil {
		return 0, err
	}
	return len(line), nil
}
