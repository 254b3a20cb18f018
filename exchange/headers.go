package exchange

import (
	"net/http"
	"strings"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
)

// recorded are the header fields that records hold. Others may carry secrets
// under names nobody knows, so they are left out rather than searched.
var recorded = []string{
	"Accept", "Accept-Language", "Cache-Control", "Content-Encoding", "Content-Language",
	"Content-Length", "Content-Range", "Content-Type", "Etag", "Idempotency-Key",
	"If-Match", "If-None-Match", "Last-Modified", "Location", "Origin", "Prefer",
	"Range", "Referer", "Retry-After", "Traceparent", "X-Request-Id",
}

// lower are the names in recorded as records have them.
var lower = func() []string {
	names := make([]string, len(recorded))
	for i, name := range recorded {
		names[i] = strings.ToLower(name)
	}
	return names
}()

// maxHeader bounds what is recorded of one field, in bytes.
const maxHeader = 1024

// Headers picks the fields that records hold, masked. Of cookies the names are
// kept, and of what a server says about one, but no value.
func (m Masker) Headers(h http.Header) (map[string]string, []record.Masked) {
	var (
		kept   map[string]string
		masked []record.Masked
	)
	for i, name := range recorded {
		values := h[name]
		if len(values) == 0 {
			continue
		}
		clean, places := m.value(name, strings.Join(values, ", "))
		kept = keep(kept, lower[i], clean)
		masked = addMasked(masked, maskedIn("header", places)...)
	}
	for _, of := range [...]struct {
		field, name string
		mask        func(string) (string, []masking.Place)
	}{{"Cookie", "cookie", m.Policy.Cookies}, {"Set-Cookie", "set-cookie", m.Policy.SetCookie}} {
		for i, value := range h[of.field] {
			clean, places := of.mask(value)
			if i > 0 {
				clean = kept[of.name] + ", " + clean
			}
			kept = keep(kept, of.name, clean)
			masked = addMasked(masked, maskedIn("header", places)...)
		}
	}
	return kept, masked
}

// value masks the value of a field with a name that is none of the client's.
func (m Masker) value(name, value string) (string, []masking.Place) {
	if m.Policy.SecretName(name) {
		return m.Policy.Field(name, value)
	}
	if holdsTags(name) {
		return m.tags(value), nil
	}
	clean, places := m.Policy.Text(value)
	for i := range places {
		places[i].Pointer = name
	}
	return clean, places
}

func keep(kept map[string]string, name, clean string) map[string]string {
	if kept == nil {
		kept = make(map[string]string, 4)
	}
	kept[name] = strings.ToValidUTF8(bounded(clean, maxHeader), "\uFFFD")
	return kept
}

// maxTrailers bounds the trailers that are recorded.
const maxTrailers = 32

// Trailers are an answer's trailers, names in lower case. Nobody knows what
// those carry that are not on the list of header fields, so they are recorded
// by name only.
func (m Masker) Trailers(trailers http.Header) (map[string]string, []record.Masked) {
	if len(trailers) == 0 {
		return nil, nil
	}
	kept, masked := m.Headers(trailers)
	if kept == nil {
		kept = make(map[string]string, len(trailers))
	}
	for i := range masked {
		masked[i].Part = "trailer"
	}
	for name := range trailers {
		if len(kept) == maxTrailers {
			break
		}
		clean := m.Text(strings.ToLower(name), 128)
		if _, known := kept[clean]; !known {
			kept[clean] = masking.Token
		}
	}
	return kept, masked
}

// trailersOf are the trailers of an answer that is at its end: the fields that
// began announced, and those that carry [http.TrailerPrefix].
func trailersOf(began, ended http.Header) http.Header {
	var trailers http.Header
	add := func(name string, values []string) {
		if len(values) == 0 {
			return
		}
		if trailers == nil {
			trailers = make(http.Header)
		}
		trailers[name] = values
	}
	for _, v := range began["Trailer"] {
		for name := range strings.SplitSeq(v, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			add(name, ended[name])
		}
	}
	for name, values := range ended {
		if rest, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			add(http.CanonicalHeaderKey(rest), values)
		}
	}
	return trailers
}
