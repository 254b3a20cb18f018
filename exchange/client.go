package exchange

import (
	"net/http"
	"slices"
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
// which the client does not get (RFC 9110 sections 8.4, 8.6 and 14.3).
var ofOriginal = []string{
	"Content-Length", "Content-Encoding", "Content-Range", "Accept-Ranges",
	"Trailer",
}

// hashWords are words of names whose values are made from the whole body, such
// as Repr-Digest, X-Amz-Checksum-Sha256 or X-Goog-Hash: who has such a hash, and
// the body with a PIN masked in it, finds out the PIN by trying all there are. A
// signature (RFC 9421) can be tried in the same way, by the public key.
var hashWords = map[string]bool{
	"digest": true, "hash": true, "checksum": true, "checksums": true, "etag": true, "signature": true,
	"md5": true, "sha": true, "sha1": true, "sha256": true, "sha384": true, "sha512": true,
	"crc": true, "crc32": true, "crc32c": true, "crc64": true, "crc64nvme": true,
}

// tellsHash says whether a field's value may be a hash of the body. Those that
// ask for one (Want-Repr-Digest) are not meant, nor is ETag, which is replaced.
func tellsHash(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	if len(words) == 0 || words[0] == "want" || name == "Etag" {
		return false
	}
	return slices.ContainsFunc(words, func(w string) bool { return hashWords[w] })
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
	for name := range h {
		if tellsHash(name) {
			delete(h, name)
		}
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
