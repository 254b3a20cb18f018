package exchange

import (
	"net/http"
	"strings"

	"github.com/caddyrec/caddyrec/masking"
)

// ForClient masks an answer for the client that gets it, m being of a policy
// for clients. It returns why, in a fixed word, if that cannot be done without
// doubt; the answer must then be withheld. The bytes returned may be b itself.
func (m Masker) ForClient(status int, h http.Header, b []byte, marks masking.Marks) (clean []byte, why string) {
	switch {
	case len(b) == 0:
		return b, ""
	case status == http.StatusPartialContent:
		// A secret may begin in one part and end in another.
		return nil, "partial"
	case MediaOf(h) == Multipart:
		return nil, "not-json" // it could only be written anew, not masked in place
	}
	clean, _, why = m.clean("response", h, b, marks)
	return clean, why
}

// AskWhole makes a request one that its upstream answers whole and uncoded:
// what must be masked must be read from its beginning to its end. See
// [Masker.HideTags] for its conditions.
func (m Masker) AskWhole(h http.Header) {
	m.HideTags(h)
	h.Set("Accept-Encoding", "identity")
	h.Del("Range")
	h.Del("If-Range")
}

// ofOriginal are header fields that tell of the bytes that the upstream sent,
// which the client does not get (RFC 9530, RFC 9110 sections 8.4, 8.6 and 14.3,
// RFC 3230, RFC 1864).
var ofOriginal = []string{
	"Content-Length", "Content-Encoding", "Content-Md5", "Content-Range", "Accept-Ranges",
	"Digest", "Content-Digest", "Repr-Digest", "Trailer",
}

// MaskedHeader makes an answer's header that of a masked answer. It says
// nothing of the bytes that were masked, an entity tag is weak (the same text
// may be masked in different ways, RFC 9110 section 8.8.1) and no hash of them,
// trailers are not announced, and text is in UTF-8.
func (m Masker) MaskedHeader(h http.Header) {
	m.HideTags(h)
	for _, name := range ofOriginal {
		h.Del(name)
	}
	if tag := h.Get("Etag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		h.Set("Etag", "W/"+tag)
	}
	if media, params, _ := classify(h); media == Text && !utf8Charset(params) {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
}

// DropTrailers takes out of a header the trailers that were not announced.
func DropTrailers(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			delete(h, name)
		}
	}
}

// Streamable says whether an answer can be masked event by event, as it comes.
func Streamable(h http.Header) bool {
	media := MediaOf(h)
	return (media == Events || media == Lines) && !hasCoding(h)
}
