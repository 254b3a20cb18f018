package jsonscan

// state is what the grammar allows next.
type state uint8

const (
	failed       state = iota
	wantValue          // a value: at the start and after a colon
	wantElement        // after '[': a value or ']'
	wantKey            // after '{': a key or '}'
	afterElement       // ',' or ']'
	afterMember        // ',' or '}'
	wantEnd            // nothing but space
)

// Next returns the next token, and Kind End for good once the text is
// through. An error is a *SyntaxError; it is returned again by every further
// call.
func (s *Scanner) Next() (Token, error) {
	src, i := s.src, s.pos
	for i < len(src) && isSpace(src[i]) {
		i++
	}
	if i >= len(src) {
		return s.atEnd()
	}
	c := src[i]
	switch s.state {
	case afterMember:
		if c == '}' {
			return s.close(i, EndObject)
		}
		if c != ',' {
			return s.fail(i, UnexpectedByte)
		}
		i = skipSpace(src, i+1)
		return s.key(i)
	case wantKey:
		if c == '}' {
			return s.close(i, EndObject)
		}
		return s.key(i)
	case afterElement:
		if c == ']' {
			return s.close(i, EndArray)
		}
		if c != ',' {
			return s.fail(i, UnexpectedByte)
		}
		i = skipSpace(src, i+1)
		if i >= len(src) {
			return s.fail(i, UnexpectedEnd)
		}
		c = src[i]
		s.stack[len(s.stack)-1].index++
	case wantElement:
		if c == ']' {
			return s.close(i, EndArray)
		}
		s.stack[len(s.stack)-1].index = 0
	case wantValue:
	case wantEnd:
		return s.fail(i, TrailingData)
	default:
		return s.again()
	}
	return s.value(i, c)
}

// value reads the value that begins with c at i.
func (s *Scanner) value(i int, c byte) (Token, error) {
	src := s.src
	tok := Token{Start: i}
	switch c {
	case '"':
		end, esc, why := scanString(src, i)
		if why != "" {
			return s.fail(end, why)
		}
		tok.Kind, tok.End, tok.Escaped = String, end, esc
	case '{':
		return s.open(i, false)
	case '[':
		return s.open(i, true)
	case 't':
		if len(src)-i < 4 || string(src[i:i+4]) != "true" {
			return s.badLiteral(i, "true")
		}
		tok.Kind, tok.End = True, i+4
	case 'f':
		if len(src)-i < 5 || string(src[i:i+5]) != "false" {
			return s.badLiteral(i, "false")
		}
		tok.Kind, tok.End = False, i+5
	case 'n':
		if len(src)-i < 4 || string(src[i:i+4]) != "null" {
			return s.badLiteral(i, "null")
		}
		tok.Kind, tok.End = Null, i+4
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		end, why := scanNumber(src, i, &s.lim)
		if why != "" {
			return s.fail(end, why)
		}
		tok.Kind, tok.End = Number, end
	default:
		if i == 0 && len(src) >= 3 && string(src[:3]) == "\ufeff" {
			return s.fail(0, ByteOrderMark)
		}
		return s.fail(i, UnexpectedByte)
	}
	s.pos, s.state = tok.End, s.after
	return tok, nil
}

// key reads a key at i and the colon after it.
func (s *Scanner) key(i int) (Token, error) {
	src := s.src
	if i >= len(src) {
		return s.fail(i, UnexpectedEnd)
	}
	if src[i] != '"' {
		return s.fail(i, UnexpectedByte)
	}
	end, esc, why := scanString(src, i)
	if why != "" {
		return s.fail(end, why)
	}
	j := end
	if j >= len(src) || src[j] != ':' {
		if j = skipSpace(src, j); j >= len(src) {
			return s.fail(j, UnexpectedEnd)
		}
		if src[j] != ':' {
			return s.fail(j, UnexpectedByte)
		}
	}
	f := &s.stack[len(s.stack)-1]
	f.key, f.end, f.escaped = i, end, esc
	s.dup = s.names.add(s, f.first, i, end, esc)
	s.pos, s.state = j+1, wantValue
	return Token{Kind: Key, Start: i, End: end, Escaped: esc}, nil
}

func (s *Scanner) open(i int, array bool) (Token, error) {
	if len(s.stack) >= s.lim.Depth {
		return s.fail(i, TooDeep)
	}
	s.stack = append(s.stack, frame{array: array, index: -1, first: s.names.len()})
	s.pos = i + 1
	if array {
		s.state, s.after = wantElement, afterElement
		return Token{Kind: BeginArray, Start: i, End: i + 1}, nil
	}
	s.state, s.after = wantKey, afterMember
	return Token{Kind: BeginObject, Start: i, End: i + 1}, nil
}

func (s *Scanner) close(i int, k Kind) (Token, error) {
	n := len(s.stack) - 1
	if k == EndObject {
		s.names.drop(s.stack[n].first)
	}
	s.stack = s.stack[:n]
	switch {
	case n == 0:
		s.after = wantEnd
	case s.stack[n-1].array:
		s.after = afterElement
	default:
		s.after = afterMember
	}
	s.pos, s.state = i+1, s.after
	return Token{Kind: k, Start: i, End: i + 1}, nil
}

func (s *Scanner) atEnd() (Token, error) {
	switch s.state {
	case wantEnd:
		s.pos = len(s.src)
		return Token{Kind: End, Start: s.pos, End: s.pos}, nil
	case failed:
		return s.again()
	}
	return s.fail(len(s.src), UnexpectedEnd)
}

// again repeats the error; a zero Scanner, never Reset, has an empty text.
func (s *Scanner) again() (Token, error) {
	if s.err == nil {
		return s.fail(0, UnexpectedEnd)
	}
	return Token{}, s.err
}

// badLiteral finds where the bytes at i cease to spell word.
func (s *Scanner) badLiteral(i int, word string) (Token, error) {
	for j := range len(word) {
		if i+j >= len(s.src) {
			return s.fail(len(s.src), UnexpectedEnd)
		}
		if s.src[i+j] != word[j] {
			return s.fail(i+j, UnexpectedByte)
		}
	}
	return s.fail(i, UnexpectedByte)
}

func isSpace(c byte) bool {
	return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t')
}

func skipSpace(src []byte, i int) int {
	for i < len(src) && isSpace(src[i]) {
		i++
	}
	return i
}
