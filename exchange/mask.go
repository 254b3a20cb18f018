package exchange

import (
	"bytes"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
)

// Masker turns what came over the wire into what a record may hold.
type Masker struct {
	// Policy says what is secret.
	Policy *masking.Policy
	// Digest is a keyed digest of a body's exact bytes, in the form of
	// [record.Body].Digest.
	Digest func([]byte) string
}

// Body describes a whole body. Bytes that cannot be masked without doubt are
// described by length and digest only.
func (m Masker) Body(part string, h http.Header, b []byte, marks masking.Marks) (*record.Body, []record.Masked) {
	if len(b) == 0 {
		return nil, nil
	}
	body := m.describe(h, b)
	media := MediaOf(h)
	switch {
	case Coded(h):
		body.Omitted = "coding"
		return body, nil
	case media == JSON:
		return m.json(part, body, b, marks)
	case media == Form && !isForm(b):
		body.Omitted = "not-form"
		return body, nil
	case media == Form:
		text, places := m.Policy.Query(string(b))
		body.Content = &text
		return body, maskedIn(part, places)
	}
	body.Omitted = "not-json"
	return body, nil
}

// isForm says whether b may be application/x-www-form-urlencoded: clients
// call anything that by default. There is an equals sign in it, and nothing
// that would have to be percent-encoded but for a line's end at its own.
func isForm(b []byte) bool {
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("<>\"{}\\", c) >= 0 {
			return false
		}
	}
	return bytes.IndexByte(b, '=') >= 0
}

func (m Masker) json(part string, body *record.Body, b []byte, marks masking.Marks) (*record.Body, []record.Masked) {
	clean, places, err := m.Policy.JSON(nil, b, marks)
	if err != nil {
		body.Omitted = "invalid-json"
		return body, nil
	}
	text := string(clean)
	body.Content = &text
	return body, maskedIn(part, places)
}

// Unread describes a body of which only the length is known.
func (m Masker) Unread(h http.Header, size int64, why string) *record.Body {
	return &record.Body{Type: m.header(h, "Content-Type"), Encoding: m.header(h, "Content-Encoding"), Size: size, Omitted: why}
}

// Part describes a part of a streamed body: length and digest.
func (m Masker) Part(h http.Header, b []byte) record.Body {
	body := m.describe(h, b)
	body.Omitted = "streamed"
	return *body
}

func (m Masker) describe(h http.Header, b []byte) *record.Body {
	return &record.Body{
		Type:     m.header(h, "Content-Type"),
		Encoding: m.header(h, "Content-Encoding"),
		Size:     int64(len(b)),
		Digest:   m.Digest(b),
	}
}

// recorded are the header fields that records hold. Others may carry secrets
// under names nobody knows, so they are left out rather than searched.
var recorded = []string{
	"Accept", "Accept-Language", "Cache-Control", "Content-Encoding", "Content-Language",
	"Content-Length", "Content-Range", "Content-Type", "Etag", "Idempotency-Key",
	"If-Match", "If-None-Match", "Last-Modified", "Location", "Origin", "Prefer",
	"Range", "Referer", "Retry-After", "Traceparent", "X-Request-Id",
}

// Headers picks the fields that records hold, masked.
func (m Masker) Headers(h http.Header) (map[string]string, []record.Masked) {
	var (
		kept   map[string]string
		masked []record.Masked
	)
	for _, name := range recorded {
		values := h[name]
		if len(values) == 0 {
			continue
		}
		clean, places := m.Policy.Header(name, strings.Join(values, ", "))
		if kept == nil {
			kept = make(map[string]string, 4)
		}
		kept[strings.ToLower(name)] = strings.ToValidUTF8(bounded(clean, 1024), "\uFFFD")
		masked = append(masked, maskedIn("header", places)...)
	}
	return kept, masked
}

// URL masks the address that a client asked for.
func (m Masker) URL(scheme, host string, u *url.URL) (string, []record.Masked) {
	path, inPath := m.Policy.Path(u.EscapedPath())
	masked := maskedIn("url", inPath)
	text := scheme + "://" + m.host(host) + path
	if u.RawQuery != "" {
		query, inQuery := m.Policy.Query(u.RawQuery)
		text += "?" + query
		masked = append(masked, maskedIn("url", inQuery)...)
	}
	return strings.ToValidUTF8(text, "\uFFFD"), masked
}

// host masks a host that the client sent; a port is none of its secrets.
func (m Masker) host(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil || len(port) > 5 {
		return m.Text(host, 255)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return m.Text(host, 255)
	}
	return net.JoinHostPort(m.Text(name, 255), port)
}

// Text masks free text, such as a User-Agent, and bounds it to n bytes.
func (m Masker) Text(s string, n int) string {
	if s == "" {
		return ""
	}
	// Masked before it is cut, so that a cut cannot hide half a secret from
	// the detectors.
	clean, _ := m.Policy.Text(s)
	return strings.ToValidUTF8(bounded(clean, n), "\uFFFD")
}

func (m Masker) header(h http.Header, name string) string { return m.Text(h.Get(name), 128) }

func bounded(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

func maskedIn(part string, places []masking.Place) []record.Masked {
	if len(places) == 0 {
		return nil
	}
	masked := make([]record.Masked, len(places))
	for i, p := range places {
		masked[i] = record.Masked{Part: part, Pointer: p.Pointer, Rule: p.Rule, Action: p.Action, Count: p.Count}
	}
	return masked
}
