package exchange

import (
	"mime"
	"net/http"
	"strings"
)

// Media is what a Content-Type says about how to read a body.
type Media uint8

// The kinds of media that are told apart.
const (
	Opaque Media = iota // not understood: digest and length only
	JSON                // application/json and +json (RFC 8259, RFC 6839)
	Form                // application/x-www-form-urlencoded
	Events              // text/event-stream, application/x-ndjson and the like
)

// MediaOf classifies the Content-Type of h. No type, or more than one, is
// Opaque; so is JSON in another charset than UTF-8.
func MediaOf(h http.Header) Media {
	values := h["Content-Type"]
	if len(values) != 1 {
		return Opaque
	}
	// The common cases, without parsing.
	switch values[0] {
	case "application/json", "application/json; charset=utf-8", "application/json;charset=utf-8":
		return JSON
	}
	name, params, err := mime.ParseMediaType(values[0])
	if err != nil {
		return Opaque
	}
	if !utf8Charset(params) {
		return Opaque
	}
	switch {
	case name == "application/json", strings.HasSuffix(name, "+json"), name == "text/json":
		return JSON
	case name == "application/x-www-form-urlencoded":
		return Form
	case name == "text/event-stream", name == "application/x-ndjson", name == "application/ndjson", name == "application/jsonl", name == "application/json-seq":
		return Events
	}
	return Opaque
}

// Coded says whether h names a content coding, so that the bytes are not what
// the Content-Type says (RFC 9110 section 8.4).
func Coded(h http.Header) bool {
	for _, v := range h["Content-Encoding"] {
		for part := range strings.SplitSeq(v, ",") {
			if p := strings.TrimSpace(part); p != "" && !strings.EqualFold(p, "identity") {
				return true
			}
		}
	}
	return false
}

// Recoded says whether the bytes of a body may mean another text than they seem
// to: a content coding, a charset other than UTF-8, or more than one
// Content-Type.
func Recoded(h http.Header) bool {
	values := h["Content-Type"]
	if Coded(h) || len(values) > 1 {
		return true
	}
	if len(values) == 0 || !strings.Contains(strings.ToLower(values[0]), "charset") {
		return false
	}
	_, params, err := mime.ParseMediaType(values[0])
	return err != nil || !utf8Charset(params)
}

func utf8Charset(params map[string]string) bool {
	c, ok := params["charset"]
	return !ok || strings.EqualFold(c, "utf-8") || strings.EqualFold(c, "us-ascii")
}
