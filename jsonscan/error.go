package jsonscan

import "strconv"

// The reasons a SyntaxError gives. The first group is refused by every JSON
// parser, the second by strict ones like this.
const (
	UnexpectedEnd    = "unexpected end"
	UnexpectedByte   = "unexpected character"
	TrailingData     = "trailing data"
	BadNumber        = "malformed number"
	BadEscape        = "malformed escape"
	ControlCharacter = "control character"
	ByteOrderMark    = "byte order mark"

	InvalidUTF8     = "invalid UTF-8"
	LoneSurrogate   = "lone surrogate"
	TooDeep         = "nested too deep"
	NumberTooLong   = "number too long"
	ExponentTooBig  = "exponent too large"
	DocumentTooLong = "document too long"
)

// SyntaxError says where and why a text is refused. It never holds any of the
// text.
type SyntaxError struct {
	Offset int    // bytes before the place of the error
	Reason string // one of the constants above
}

func (e *SyntaxError) Error() string {
	return "not strict JSON: " + e.Reason + " at byte " + strconv.Itoa(e.Offset)
}

func (s *Scanner) fail(offset int, reason string) (Token, error) {
	s.err = &SyntaxError{Offset: offset, Reason: reason}
	s.state, s.dup = failed, false
	return Token{}, s.err
}
