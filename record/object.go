package record

import (
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// object writes one JSON object, and those in it, to the end of dst. An empty
// name is for an object in a list.
type object struct {
	dst      []byte
	record   string    // its id
	contents Encrypter // of bodies; nil: none
}

func begin(dst []byte) object { return object{dst: append(dst, '{')} }

// name writes a comma, where one is due, and a name.
func (o *object) name(name string) {
	if last := o.dst[len(o.dst)-1]; last != '{' && last != '[' {
		o.dst = append(o.dst, ',')
	}
	if name != "" {
		o.dst = append(o.dst, '"')
		o.dst = append(o.dst, name...)
		o.dst = append(o.dst, '"', ':')
	}
}

func (o *object) open(name string) {
	o.name(name)
	o.dst = append(o.dst, '{')
}

func (o *object) close() { o.dst = append(o.dst, '}') }

func (o *object) str(name, s string) {
	o.name(name)
	o.dst = appendString(o.dst, s)
}

// encrypted writes what by makes of plain at a place.
func (o *object) encrypted(name string, by Encrypter, place, plain string) {
	o.name(name)
	o.dst = append(o.dst, '"')
	o.dst = by.Encrypt(o.dst, o.record, place, plain)
	o.dst = append(o.dst, '"')
}

// optional leaves out what is empty; so do count and flag.
func (o *object) optional(name, s string) {
	if s != "" {
		o.str(name, s)
	}
}

func (o *object) int(name string, n int64) {
	o.name(name)
	o.dst = strconv.AppendInt(o.dst, n, 10)
}

func (o *object) count(name string, n int64) {
	if n != 0 {
		o.int(name, n)
	}
}

func (o *object) flag(name string, b bool) {
	if b {
		o.name(name)
		o.dst = append(o.dst, "true"...)
	}
}

func (o *object) time(name string, t Time) {
	o.name(name)
	o.dst = append(o.dst, '"')
	o.dst = t.append(o.dst)
	o.dst = append(o.dst, '"')
}

// moment is time, left out where there is none.
func (o *object) moment(name string, t *Time) {
	if t != nil {
		o.time(name, *t)
	}
}

// list writes n elements, each by one call; nothing if there are none.
func (o *object) list(name string, n int, element func(int)) {
	if n == 0 {
		return
	}
	o.name(name)
	o.dst = append(o.dst, '[')
	for i := range n {
		element(i)
	}
	o.dst = append(o.dst, ']')
}

func (o *object) strings(name string, list []string) {
	o.list(name, len(list), func(i int) { o.str("", list[i]) })
}

func (o *object) table(name string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	o.open(name)
	var room [24]string
	keys := slices.AppendSeq(room[:0], maps.Keys(m))
	slices.Sort(keys)
	for _, k := range keys {
		o.name("")
		o.dst = appendString(o.dst, k)
		o.dst = append(o.dst, ':')
		o.dst = appendString(o.dst, m[k])
	}
	o.close()
}

const hex = "0123456789abcdef"

// What a byte takes in a JSON string (RFC 8259 section 7): none or one more
// before it, or a look of appendRare's.
const (
	asIs    = 0
	escaped = 1
	rare    = 2
)

var class = func() (t [256]uint8) {
	for c := range t {
		if c < 0x20 || c >= utf8.RuneSelf {
			t[c] = rare
		}
	}
	t['"'], t['\\'] = escaped, escaped
	return t
}()

// appendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD;
// the line and paragraph separators are escaped, so that every reader's idea
// of a line is the same.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for {
		dst, s = appendCommon(dst, s)
		if s == "" {
			return append(dst, '"')
		}
		var n int
		dst, n = appendRare(dst, s)
		s = s[n:]
	}
}

// appendCommon appends s up to a byte that appendRare must look at, and returns
// the rest. Bodies are JSON: where the quotes are no processor can guess, so
// there is no branch on them.
func appendCommon(dst []byte, s string) ([]byte, string) {
	dst = slices.Grow(dst, 2*len(s))
	out := dst[len(dst):cap(dst)]
	i, n := 0, 0
	for ; i < len(s); i++ {
		c := s[i]
		k := class[c]
		if k == rare {
			break
		}
		out[n] = '\\'
		n += int(k)
		out[n] = c
		n++
	}
	return dst[:len(dst)+n], s[i:]
}

// appendRare appends the first rune of s, which is not empty, and returns its
// length in s.
func appendRare(dst []byte, s string) ([]byte, int) {
	switch c := s[0]; {
	case c == '\n':
		return append(dst, '\\', 'n'), 1
	case c == '\r':
		return append(dst, '\\', 'r'), 1
	case c == '\t':
		return append(dst, '\\', 't'), 1
	case c == '\b':
		return append(dst, '\\', 'b'), 1
	case c == '\f':
		return append(dst, '\\', 'f'), 1
	case c < utf8.RuneSelf:
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf]), 1
	}
	switch r, n := utf8.DecodeRuneInString(s); {
	case r == utf8.RuneError && n == 1:
		return append(dst, `\ufffd`...), n
	case r == '\u2028' || r == '\u2029':
		return append(append(dst, `\u202`...), hex[r&0xf]), n
	default:
		return append(dst, s[:n]...), n
	}
}
