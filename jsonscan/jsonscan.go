// Package jsonscan reads JSON text once, strictly, and allocates nothing in
// steady state.
//
// It accepts what RFC 8259 calls a JSON text in valid UTF-8, less what
// parsers are known to disagree about: a byte order mark, lone surrogates
// (raw or escaped), nesting past a limit, numbers too long or too large to be
// worth computing with. Repeated keys are legal JSON; they are accepted and
// reported, compared as decoded text.
//
// The time taken is linear in the length of the input whatever it holds:
// nothing recurses, and keys are hashed under a seed drawn for each process.
package jsonscan

// Kind says what a token is.
type Kind uint8

// The kinds of tokens. Invalid comes with an error only.
const (
	Invalid Kind = iota
	BeginObject
	EndObject
	BeginArray
	EndArray
	Key
	String
	Number
	True
	False
	Null
	End // the one value and all trailing space are through
)

// Token is one lexical element: src[Start:End]. Quotes belong to a Key and a
// String, the colon does not belong to a Key. Escaped says that a Key or
// String holds at least one backslash escape, so that its text differs from
// its bytes.
type Token struct {
	Kind       Kind
	Start, End int
	Escaped    bool
}

// Limits bound what is accepted. A zero field means its default.
type Limits struct {
	// Depth is how many arrays and objects may be open at once: 512.
	Depth int
	// NumberBytes is how long a number token may be: 64.
	NumberBytes int
	// Exponent is how large the written exponent of a number may be, either
	// sign: 400.
	Exponent int
}

const (
	defaultDepth       = 512
	defaultNumberBytes = 64
	defaultExponent    = 400
)

// Scanner hands out the tokens of one JSON text. The zero Scanner is empty:
// Reset gives it something to read. It may be reused, not shared.
type Scanner struct {
	src   []byte
	pos   int
	state state
	after state // what follows a value in the innermost open container
	dup   bool
	lim   Limits
	err   *SyntaxError
	stack []frame
	names names
	buf   []byte
}

// frame is an open array or object.
type frame struct {
	array    bool
	escaped  bool // of the current key
	first    uint32
	index    int // array: the current element, -1 before the first
	key, end int // object: the current key token; end is 0 before the first
}

// What a Scanner keeps from one document to the next, in elements.
const (
	keepFrames = 1 << 10
	keepBytes  = 1 << 14
)

// Reset makes s read src from the start. Memory that a large document made s
// take is let go.
func (s *Scanner) Reset(src []byte, lim Limits) {
	if lim.Depth <= 0 {
		lim.Depth = defaultDepth
	}
	if lim.NumberBytes <= 0 {
		lim.NumberBytes = defaultNumberBytes
	}
	if lim.Exponent <= 0 {
		lim.Exponent = defaultExponent
	}
	if cap(s.stack) > keepFrames {
		s.stack = nil
	}
	if cap(s.buf) > keepBytes {
		s.buf = nil
	}
	s.names.reset()
	s.src, s.pos, s.lim, s.err, s.dup = src, 0, lim, nil, false
	s.stack = s.stack[:0]
	s.state, s.after = wantValue, wantEnd
	if len(src) > maxLen {
		s.fail(maxLen, DocumentTooLong)
	}
}

// Depth is the number of arrays and objects open after the token just
// returned: it rises with a Begin token and falls with an End one.
func (s *Scanner) Depth() int { return len(s.stack) }

// Duplicate says whether the Key just returned repeats an earlier key of its
// object, both decoded.
func (s *Scanner) Duplicate() bool { return s.dup }
