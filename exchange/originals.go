package exchange

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/record"
)

// Before is what masking changes of a request, as it was before. It is kept
// where records hold originals, encrypted, and nowhere else.
type Before struct {
	// Limit is how many bytes of a body are kept.
	Limit   int64
	url     string
	headers map[string]string
}

// maxOriginalHeader bounds what is kept of one header field, in bytes.
const maxOriginalHeader = 8 << 10

// NewBefore keeps the address that a client asked for, and the header fields
// that records hold.
func NewBefore(limit int64, scheme, host string, u *url.URL, h http.Header) *Before {
	return &Before{Limit: limit, url: scheme + "://" + host + u.RequestURI(), headers: plainHeaders(h)}
}

// plainHeaders are the fields that records hold, as they are. Cookies are not
// among them, nor is Authorization: nobody who looks into a record needs them.
func plainHeaders(h http.Header) map[string]string {
	var plain map[string]string
	for i, name := range recorded {
		if values := h[name]; len(values) > 0 {
			if plain == nil {
				plain = make(map[string]string, 4)
			}
			plain[lower[i]] = bounded(strings.Join(values, ", "), maxOriginalHeader)
		}
	}
	return plain
}

// changed are the fields of plain that are told otherwise in clean.
func changed(plain, clean map[string]string) map[string]string {
	maps.DeleteFunc(plain, func(name, value string) bool { return clean[name] == value })
	if len(plain) == 0 {
		return nil
	}
	return plain
}

// of is the original of a request that a record tells of as asked; nil if it
// tells all of it.
func (b *Before) of(asked *record.Request) *record.Unmasked {
	o := &record.Original{Headers: changed(maps.Clone(b.headers), asked.Headers)}
	if b.url != asked.URL {
		o.URL = b.url
	}
	if o.URL == "" && o.Headers == nil {
		return nil
	}
	return &record.Unmasked{Request: o}
}

// KeepRequest adds a request's body, as it was sent, to what r tells of it, if
// something in it was masked or it was left out.
func (b *Before) KeepRequest(r *record.Record, text []byte) {
	if b == nil || r.Request == nil {
		return
	}
	if o := b.body(text, r.Request.Body, r.Masked, "request"); o != nil {
		both := unmasked(r)
		if both.Request != nil {
			o.URL, o.Headers = both.Request.URL, both.Request.Headers
		}
		both.Request = o
	}
}

// KeepResponse is [Before.KeepRequest] for an answer.
func (b *Before) KeepResponse(r *record.Record, text []byte) {
	if b == nil || r.Response == nil {
		return
	}
	if o := b.body(text, r.Response.Body, r.Masked, "response"); o != nil {
		unmasked(r).Response = o
	}
}

// KeepChunk is the same for a part of an answer of which kept bytes are kept
// already. It returns how many are now.
func (b *Before) KeepChunk(r *record.Record, text []byte, kept int64) int64 {
	if b == nil || kept >= b.Limit {
		return kept
	}
	rest := Before{Limit: b.Limit - kept}
	if o := rest.body(text, &r.Chunk.Body, r.Masked, "response"); o != nil {
		unmasked(r).Response = o
		kept += int64(len(o.Body))
	}
	return kept
}

// KeepHeaders adds an answer's header fields where r tells them otherwise.
func (b *Before) KeepHeaders(r *record.Record, h http.Header) {
	if b == nil || r.Response == nil {
		return
	}
	if differ := changed(plainHeaders(h), r.Response.Headers); differ != nil {
		both := unmasked(r)
		if both.Response == nil {
			both.Response = new(record.Original)
		}
		both.Response.Headers = differ
	}
}

// unmasked is r's own to be added to.
func unmasked(r *record.Record) *record.Unmasked {
	if r.Unmasked == nil {
		r.Unmasked = new(record.Unmasked)
	}
	return r.Unmasked
}

// body is a body's original, if it differs from what is told of it.
func (b *Before) body(text []byte, told *record.Body, masked []record.Masked, part string) *record.Original {
	if len(text) == 0 || told == nil {
		return nil
	}
	if told.Content != nil && !slices.ContainsFunc(masked, func(m record.Masked) bool { return m.Part == part }) {
		return nil
	}
	o := &record.Original{Body: text, Cut: told.Truncated}
	if int64(len(text)) > b.Limit {
		o.Body, o.Cut = text[:b.Limit], true
	}
	return o
}
