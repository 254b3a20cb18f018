package caddyrec

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/jsonscan"
)

// bodyVar keeps the request's body for those who come before any exchange.
const bodyVar = "caddyrec.body"

// jsonLimit is how much of a request body the json matcher and placeholders
// look at.
const jsonLimit = 1 << 20

var errLong = fmt.Errorf("the body is larger than %d bytes", jsonLimit)

var errDuplicate = errors.New("an object names a key twice")

// hidden keeps a body out of the reach of {http.vars.*}.
type hidden struct{ *exchange.Body }

func (hidden) String() string { return "" }

// BodyOf returns r's body, made by the first who asks, or anew when another
// handler has replaced it since.
func BodyOf(r *http.Request) *exchange.Body {
	if h, ok := caddyhttp.GetVar(r.Context(), bodyVar).(hidden); ok && h.Of(r) {
		return h.Body
	}
	b := exchange.NewBody(r)
	caddyhttp.SetVar(r.Context(), bodyVar, hidden{b})
	if v := visitOf(r); v != nil {
		v.Body = b
	}
	return b
}

// JSONBody returns r's whole body if it is unambiguous JSON. It returns nil and
// no error for an empty body. What it returns an error for must not be decided
// on: another parser might read it otherwise. Each key, decoded, is given to
// key, whose error is returned.
func JSONBody(r *http.Request, key func([]byte) error) ([]byte, error) {
	b := BodyOf(r)
	text, err := unambiguous(b, key)
	b.Attach(r)
	return text, err
}

// reader is what one pass over a body takes.
type reader struct {
	scan jsonscan.Scanner
	key  []byte
}

var readers = sync.Pool{New: func() any { return new(reader) }}

func unambiguous(b *exchange.Body, key func([]byte) error) ([]byte, error) {
	if err := b.Fill(jsonLimit); err != nil {
		return nil, err
	}
	text, whole := b.Whole(jsonLimit)
	if !whole {
		return nil, errLong
	}
	if len(text) == 0 {
		return nil, nil
	}
	rd := readers.Get().(*reader)
	err := rd.read(text, key)
	rd.scan.Reset(nil, jsonscan.Limits{})
	readers.Put(rd)
	if err != nil {
		return nil, err
	}
	return text, nil
}

// read passes over text and says whether it is unambiguous.
func (rd *reader) read(text []byte, key func([]byte) error) error {
	rd.scan.Reset(text, jsonscan.Limits{})
	for {
		t, err := rd.scan.Next()
		if err != nil || t.Kind == jsonscan.End {
			return err
		}
		if t.Kind != jsonscan.Key {
			continue
		}
		if rd.scan.Duplicate() {
			return errDuplicate
		}
		if key == nil {
			continue
		}
		name := text[t.Start+1 : t.End-1]
		if t.Escaped {
			rd.key = jsonscan.AppendString(rd.key[:0], text[t.Start:t.End])
			name = rd.key
		}
		if err := key(name); err != nil {
			return err
		}
	}
}

// jsonPlaceholders resolves {http.caddyrec.json.<gjson path>} to a value of
// the request body: a string as its text, anything else as its JSON. It is
// empty where the body is not unambiguous JSON or has no such place.
func jsonPlaceholders(x *exchange.Exchange) func(string) (any, bool) {
	const prefix = "http.caddyrec.json."
	return func(key string) (any, bool) {
		path, ok := strings.CutPrefix(key, prefix)
		if !ok {
			return nil, false
		}
		text, err := unambiguous(x.Body, nil)
		if err != nil || text == nil {
			return "", true
		}
		return valueOf(gjson.GetBytes(text, path)), true
	}
}

func valueOf(v gjson.Result) any {
	switch v.Type {
	case gjson.Number:
		// A long integer would lose digits as a float.
		if n, err := strconv.ParseInt(v.Raw, 10, 64); err == nil {
			return n
		}
		return v.Num
	case gjson.True, gjson.False:
		return v.Bool()
	}
	return v.String()
}
