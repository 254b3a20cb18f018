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
	Opaque    Media = iota // not understood: digest and length only
	JSON                   // application/json and +json in UTF-8 (RFC 8259, RFC 6839)
	Form                   // application/x-www-form-urlencoded
	Multipart              // multipart/form-data (RFC 7578)
	Text                   // text/plain
	Events                 // text/event-stream (HTML, 9.2)
	Lines                  // application/x-ndjson and its other names: a JSON text a line
)

// MediaOf classifies the Content-Type of h. No type, or more than one, is
// Opaque; so is JSON, and all else but Text, in another charset than UTF-8.
func MediaOf(h http.Header) Media {
	media, _, _ := classify(h)
	return media
}

// classify is MediaOf with the type's parameters, and, for what is Opaque, why.
func classify(h http.Header) (m Media, params map[string]string, why string) {
	values := h["Content-Type"]
	if len(values) != 1 {
		return Opaque, nil, "not-json"
	}
	// The common cases, without parsing.
	switch values[0] {
	case "application/json", "application/json; charset=utf-8", "application/json;charset=utf-8":
		return JSON, nil, ""
	case "text/event-stream":
		return Events, nil, ""
	}
	name, params, err := mime.ParseMediaType(values[0])
	if err != nil {
		return Opaque, nil, "not-json"
	}
	switch m = mediaNamed(name); {
	case m == Opaque:
		return Opaque, nil, "not-json"
	case m != Text && !utf8Charset(params):
		return Opaque, nil, "charset"
	}
	return m, params, ""
}

func mediaNamed(name string) Media {
	switch name {
	case "application/x-www-form-urlencoded":
		return Form
	case "multipart/form-data":
		return Multipart
	case "text/plain":
		return Text
	case "text/event-stream":
		return Events
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/jsonlines":
		return Lines
	}
	if namesJSON(name) {
		return JSON
	}
	return Opaque
}

// namesJSON: RFC 8259 section 11, and RFC 6839 section 3.1 for the suffix.
func namesJSON(name string) bool {
	return name == "application/json" || name == "text/json" || strings.HasSuffix(name, "+json")
}

// IsJSON says whether a Content-Type names JSON, in whatever charset: one that
// cannot be read is for [Check] to refuse.
func IsJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	name, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		// Parameters that cannot be read do not make it another type.
		name, _, _ = strings.Cut(strings.ToLower(contentType), ";")
		name = strings.TrimSpace(name)
	}
	return namesJSON(name)
}

// hasCoding says whether h names a content coding, so that the bytes are not what
// the Content-Type says (RFC 9110 section 8.4).
func hasCoding(h http.Header) bool {
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
	if hasCoding(h) || len(values) > 1 {
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
