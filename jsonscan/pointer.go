package jsonscan

import (
	"slices"
	"strconv"
)

// AppendPointer appends the JSON Pointer (RFC 6901) of the key or value just
// returned to dst: for a Key that of its member, for an End token that of the
// array or object it ends.
func (s *Scanner) AppendPointer(dst []byte) []byte {
	for i := range s.stack {
		f := &s.stack[i]
		switch {
		case f.array && f.index >= 0:
			dst = strconv.AppendInt(append(dst, '/'), int64(f.index), 10)
		case !f.array && f.end > 0:
			text := s.src[f.key+1 : f.end-1]
			if f.escaped {
				s.buf = AppendString(s.buf[:0], s.src[f.key:f.end])
				text = s.buf
			}
			dst = append(slices.Grow(dst, len(text)+1), '/')
			for _, c := range text {
				switch c {
				case '~':
					dst = append(dst, "~0"...)
				case '/':
					dst = append(dst, "~1"...)
				default:
					dst = append(dst, c)
				}
			}
		}
	}
	return dst
}
