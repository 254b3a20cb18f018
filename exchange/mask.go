package exchange

import (
	"bytes"
	"cmp"
	"errors"
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
	// Limit is how many bytes a coded body may be decoded to, 1 MiB if it is 0.
	Limit int64
}

const maxDecoded = 1 << 20

// Body describes a whole body. Bytes that cannot be masked without doubt are
// described by length and digest only.
func (m Masker) Body(part string, h http.Header, b []byte, marks masking.Marks) (*record.Body, []record.Masked) {
	if len(b) == 0 {
		return nil, nil
	}
	body := m.describe(h, b)
	clean, masked, why := m.clean(part, h, b, marks)
	if why != "" {
		body.Omitted = why
		return body, nil
	}
	text := string(clean)
	body.Content = &text
	return body, masked
}

// Answer is [Masker.Body] for an answer with this status. A part of one (206)
// is told by length and digest only: the name before a secret may be missing.
func (m Masker) Answer(status int, h http.Header, b []byte, marks masking.Marks) (*record.Body, []record.Masked) {
	if status == http.StatusPartialContent && len(b) > 0 {
		body := m.describe(h, b)
		body.Omitted = "partial"
		return body, nil
	}
	return m.Body("response", h, b, marks)
}

// clean is b decoded, in UTF-8 and masked, or why it cannot be. It may be b
// itself.
func (m Masker) clean(part string, h http.Header, b []byte, marks masking.Marks) (clean []byte, masked []record.Masked, why string) {
	media, params, why := classify(h)
	switch {
	case media == Opaque:
		return nil, nil, why
	case part == "request" && len(h["Content-Range"]) > 0: // RFC 9110 section 14.5
		return nil, nil, "partial"
	}
	if markedAll(marks) {
		if clean, masked, ok := masksWhole(part, media); ok {
			return clean, masked, ""
		}
	}
	if hasCoding(h) {
		var err error
		if b, err = decode(h, b, cmp.Or(m.Limit, maxDecoded)); err != nil {
			return nil, nil, codingReason(err)
		}
	}
	var places []masking.Place
	switch media {
	case JSON:
		var err error
		if clean, places, err = m.Policy.JSON(nil, b, marks); err != nil {
			return nil, nil, "invalid-json"
		}
		return clean, maskedIn(part, places), ""
	case Form:
		if !isForm(b) {
			return nil, nil, "not-form"
		}
		text, hidden := m.markedForm(part, string(b), marks)
		text, places = m.Policy.Query(text)
		return []byte(text), addMasked(hidden, maskedIn(part, places)...), ""
	case Multipart:
		return m.multipart(part, b, params["boundary"], marks)
	case Text:
		if b, why = plainText(b, params["charset"]); why != "" {
			return nil, nil, why
		}
		if marks != nil { // of a schema: only in JSON can its places be found
			if clean, places, err := m.Policy.JSON(nil, b, marks); err == nil {
				return clean, maskedIn(part, places), ""
			}
			return nil, nil, "not-json"
		}
		var text string
		text, places = m.Policy.Text(string(b))
		return []byte(text), maskedIn(part, places), ""
	}
	return m.events(part, media, b, marks)
}

// codingReason is how a record says that a content coding was not taken off.
func codingReason(err error) string {
	if errors.Is(err, ErrTooLarge) {
		return "too-large"
	}
	return "coding"
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

// Unread describes a body of which only the length is known.
func (m Masker) Unread(h http.Header, size int64, why string) *record.Body {
	body := m.like(h)
	body.Size, body.Omitted = size, why
	return body
}

func (m Masker) describe(h http.Header, b []byte) *record.Body {
	body := m.like(h)
	body.Size, body.Digest = int64(len(b)), m.Digest(b)
	return body
}

// like is what all that is described by the same header has in common.
func (m Masker) like(h http.Header) *record.Body {
	return &record.Body{Type: m.header(h, "Content-Type"), Encoding: m.header(h, "Content-Encoding")}
}

// URL masks the address that a client asked for. One without a path, such as
// http:orders, is told as it was sent.
func (m Masker) URL(scheme, host string, u *url.URL) (string, []record.Masked) {
	path, origin := u.EscapedPath(), scheme+"://"+m.Host(host)
	if u.Opaque != "" {
		path, origin = u.Opaque, m.Text(u.Scheme, 32)+":"
	}
	path, inPath := m.Policy.Path(path)
	masked := maskedIn("url", inPath)
	text := origin + path
	if u.RawQuery != "" {
		query, inQuery := m.Policy.Query(u.RawQuery)
		text += "?" + query
		masked = append(masked, maskedIn("url", inQuery)...)
	}
	return strings.ToValidUTF8(text, "\uFFFD"), masked
}

// Host masks a host, such as the one that the client sent; a port is none of its
// secrets.
func (m Masker) Host(host string) string {
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
	masked := make([]record.Masked, 0, min(len(places), maxMasked))
	for _, p := range places {
		masked = addMasked(masked, record.Masked{Part: part, Pointer: p.Pointer, Rule: p.Rule, Action: p.Action, Count: p.Count})
	}
	return masked
}
