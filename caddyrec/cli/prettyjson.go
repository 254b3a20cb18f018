package cli

import (
	"bytes"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// maxIndent is how deep lines are indented; what is deeper stays there.
const maxIndent = 32

// prettyJSON sets a JSON text in lines, each value and each member on one of
// its own, spelled as it is in the text. Values at the marks, rules by JSON
// Pointer, are painted and get their rule beside them, so that a masked place
// can be told from a text that only looks like one. It reports false for what
// is not strict JSON.
func (c *console) prettyJSON(text []byte, marks map[string]string) (lines []string, ok bool) {
	p := prettyPrinter{con: c, src: text, marks: marks}
	for pointer := range marks {
		p.longest = max(p.longest, len(pointer))
	}
	p.scan.Reset(text, jsonscan.Limits{})
	for {
		t, err := p.scan.Next()
		if err != nil {
			return nil, false
		}
		if t.Kind == jsonscan.End {
			p.end()
			return p.lines, true
		}
		p.token(t)
	}
}

type prettyPrinter struct {
	con   *console
	src   []byte
	marks map[string]string
	scan  jsonscan.Scanner

	lines   []string
	line    strings.Builder
	rule    string // of the masked value on this line
	depth   int
	fresh   bool // a container was just opened
	keyed   bool // the value to come is a member's, whose key is on this line
	pointer []byte
	longest int   // of the marks, in bytes
	above   []int // for each container that is open, the bytes of the keys on the way to it
	key     int   // the bytes of the member's key; 0: there is none
}

func (p *prettyPrinter) token(t jsonscan.Token) {
	switch t.Kind {
	case jsonscan.EndObject, jsonscan.EndArray:
		p.depth--
		p.key, p.above = 0, p.above[:len(p.above)-1]
		if !p.fresh {
			p.end()
			p.indent()
		}
		p.line.Write(p.src[t.Start:t.End])
		p.fresh = false
		return
	}
	p.separate()
	raw := clean(string(p.src[t.Start:t.End]))
	switch t.Kind {
	case jsonscan.Key:
		p.line.WriteString(p.con.styled(accent, raw) + ": ")
		p.keyed = true
		p.key = t.End - t.Start
	case jsonscan.BeginObject, jsonscan.BeginArray:
		p.line.WriteString(raw)
		p.depth++
		p.fresh = true
		p.key, p.above = 0, append(p.above, p.keys())
	default:
		p.value(t, raw)
	}
}

// keys is how many bytes the keys have on the way to the value at hand.
func (p *prettyPrinter) keys() int {
	if n := len(p.above); n > 0 {
		return p.above[n-1] + p.key
	}
	return 0
}

// mayBeMarked says whether the pointer of the value at hand is not longer than
// those of all marks, however its keys are escaped. Whoever sent the body chose
// its keys, so not every pointer is worth to be spelled.
func (p *prettyPrinter) mayBeMarked() bool { return p.keys() <= len(`\u0000`)*p.longest+2*p.depth }

// separate ends the element before, if there is one, and begins a line.
func (p *prettyPrinter) separate() {
	switch {
	case p.keyed:
		p.keyed = false
		return
	case p.depth == 0:
		return
	case !p.fresh:
		p.line.WriteByte(',')
	}
	p.fresh = false
	p.end()
	p.indent()
}

func (p *prettyPrinter) value(t jsonscan.Token, raw string) {
	if len(p.marks) == 0 || t.Kind != jsonscan.String || !p.mayBeMarked() || !bytes.Contains(p.src[t.Start:t.End], []byte("masked")) {
		p.line.WriteString(raw)
		return
	}
	p.pointer = p.scan.AppendPointer(p.pointer[:0])
	rule, ok := p.marks[string(p.pointer)]
	if !ok {
		p.line.WriteString(raw)
		return
	}
	p.rule = rule
	p.line.WriteString(p.con.markTokens(raw))
}

// end ends a line.
func (p *prettyPrinter) end() {
	if p.line.Len() == 0 {
		return
	}
	if p.rule != "" {
		p.line.WriteString("  " + p.con.styled(dim, "← "+clean(p.rule)))
		p.rule = ""
	}
	p.lines = append(p.lines, p.line.String())
	p.line.Reset()
}

func (p *prettyPrinter) indent() {
	p.line.WriteString(strings.Repeat("  ", min(p.depth, maxIndent)))
}
