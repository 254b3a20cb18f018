package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// errTwice: one reader takes the first of two equal keys, another the last.
var errTwice = errors.New("a key stands twice in an object, so the body has two meanings")

// decoder builds Go values from strict JSON, numbers as json.Number.
type decoder struct {
	scan   jsonscan.Scanner
	src    []byte
	text   []byte
	values int
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// decode decodes strict JSON without duplicate keys, and counts its values. Its
// errors hold nothing of src.
func decode(src []byte) (v any, values int, err error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.src, d.values = src, 0
	d.scan.Reset(src, jsonscan.Limits{})
	tok, err := d.scan.Next()
	if err == nil {
		v, err = d.value(tok)
	}
	if err == nil {
		if tok, err = d.scan.Next(); err == nil && tok.Kind != jsonscan.End {
			err = errors.New("text after the value")
		}
	}
	d.src = nil
	d.scan.Reset(nil, jsonscan.Limits{})
	if err != nil {
		return nil, 0, err
	}
	return v, d.values, nil
}

func (d *decoder) value(tok jsonscan.Token) (any, error) {
	d.values++
	switch tok.Kind {
	case jsonscan.BeginObject:
		return d.object()
	case jsonscan.BeginArray:
		return d.array()
	case jsonscan.String:
		return d.string(tok), nil
	case jsonscan.Number:
		return json.Number(d.src[tok.Start:tok.End]), nil
	case jsonscan.True:
		return true, nil
	case jsonscan.False:
		return false, nil
	case jsonscan.Null:
		return nil, nil
	}
	return nil, fmt.Errorf("no value at byte %d", tok.Start)
}

func (d *decoder) object() (any, error) {
	m := map[string]any{}
	for {
		tok, err := d.scan.Next()
		if err != nil {
			return nil, err
		}
		if tok.Kind == jsonscan.EndObject {
			return m, nil
		}
		if d.scan.Duplicate() {
			return nil, errTwice
		}
		key := d.string(tok)
		if tok, err = d.scan.Next(); err != nil {
			return nil, err
		}
		if m[key], err = d.value(tok); err != nil {
			return nil, err
		}
	}
}

func (d *decoder) array() (any, error) {
	list := []any{}
	for {
		tok, err := d.scan.Next()
		if err != nil {
			return nil, err
		}
		if tok.Kind == jsonscan.EndArray {
			return list, nil
		}
		v, err := d.value(tok)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func (d *decoder) string(tok jsonscan.Token) string {
	if !tok.Escaped {
		return string(d.src[tok.Start+1 : tok.End-1])
	}
	d.text = jsonscan.AppendString(d.text[:0], d.src[tok.Start:tok.End])
	return string(d.text)
}
