package record

import (
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// object writes one JSON object, and those in it, to the end of dst. An empty
// name is for an object in a list.
type object struct{ dst []byte }

func begin(dst []byte) object { return object{append(dst, '{')} }

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

// plain tells the bytes that stand for themselves in a JSON string (RFC 8259
// section 7). Bytes over 0x7f are looked at apart.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD;
// the line and paragraph separators are escaped, so that every reader's idea
// of a line is the same.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			case '\b':
				dst = append(dst, '\\', 'b')
			case '\f':
				dst = append(dst, '\\', 'f')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
			}
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\ufffd`...)
			start = i + n
		case r == '\u2028' || r == '\u2029':
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hex[r&0xf])
			start = i + n
		}
		i += n
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
