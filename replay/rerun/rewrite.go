package rerun

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/replay/compare"
)

// rewriter changes values in a JSON text and leaves every other byte as it is.
type rewriter struct {
	// scalar is given each string, number, boolean and null with its pointer. It
	// returns the JSON text to put in its place, or nil.
	scalar func(pointer string, v any) []byte
	// open returns members to put into the object at a pointer, as JSON text
	// without braces, or nil. It may be nil.
	open func(pointer string) []byte
}

// level is one object or array that the reader is in.
type level struct {
	object bool
	key    string // of the member being read
	index  int
	value  bool // of an object: a value comes next
}

// rewrite returns src with its values changed. The error is that src is no JSON, or
// that its places go past [compare.PlacesMost].
func (rw rewriter) rewrite(src []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	var (
		out  []byte
		done int // of src, what is in out
		in   []*level
		left = compare.PlacesMost(len(src))
	)
	place := func(in []*level) string {
		at := pointerOf(in)
		left -= len(at)
		return at
	}
	for {
		before := int(d.InputOffset())
		t, err := d.Token()
		if err == io.EOF {
			if len(in) > 0 {
				return nil, io.ErrUnexpectedEOF
			}
			return append(out, src[done:]...), nil
		}
		if err != nil {
			return nil, err
		}
		end := int(d.InputOffset())
		var top *level
		if len(in) > 0 {
			top = in[len(in)-1]
		}
		if key, ok := t.(string); ok && top != nil && top.object && !top.value {
			top.key, top.value = key, true
			continue
		}
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{', '[':
				in = append(in, &level{object: t == '{'})
				if t == '{' && rw.open != nil {
					if members := rw.open(place(in[:len(in)-1])); len(members) > 0 {
						out, done = append(append(out, src[done:end]...), members...), end
						if rest := bytes.TrimLeft(src[end:], " \t\r\n"); len(rest) > 0 && rest[0] != '}' {
							out = append(out, ',')
						}
					}
				}
				continue
			default:
				in = in[:len(in)-1]
			}
		default:
			start := before + bytes.IndexFunc(src[before:end], func(r rune) bool { return !strings.ContainsRune(" \t\r\n:,", r) })
			if start < before {
				return nil, errors.New("a value has no beginning")
			}
			if text := rw.scalar(place(in), t); text != nil {
				out, done = append(append(out, src[done:start]...), text...), end
			}
		}
		if left < 0 {
			return nil, errPlaces
		}
		if len(in) > 0 { // a value has ended
			top = in[len(in)-1]
			top.index++
			top.value = false
		}
	}
}

var errPlaces = errors.New("its places are too long to be looked at one by one")

// pointerOf is the JSON Pointer (RFC 6901) of the value being read.
func pointerOf(in []*level) string {
	var b strings.Builder
	for _, l := range in {
		b.WriteByte('/')
		if l.object {
			b.WriteString(jsonscan.EscapeToken(l.key))
		} else {
			b.WriteString(strconv.Itoa(l.index))
		}
	}
	return b.String()
}

// jsonText is v as JSON, without escapes that JSON does not need.
func jsonText(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
