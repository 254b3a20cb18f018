package exchange

import (
	"net/http"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
)

// Stream describes and masks an answer that goes out in parts. What its parts
// have in common is worked out once.
type Stream struct {
	masker Masker
	media  Media
	marks  masking.Marks
	like   record.Body
}

// Stream begins an answer with this header. marks are the places that are
// secret in each event; nil if there are none.
func (m Masker) Stream(h http.Header, marks masking.Marks) *Stream {
	return &Stream{masker: m, media: MediaOf(h), marks: marks, like: *m.like(h)}
}

// Part describes a part that is no event: by length and digest.
func (s *Stream) Part(b []byte) record.Body {
	body := s.describe(b)
	body.Omitted = "streamed"
	return body
}

// Event describes one event as [Masker.Body] does a body.
func (s *Stream) Event(b []byte) (record.Body, []record.Masked) {
	body := s.describe(b)
	clean, places, why := s.masker.event(s.media, b, s.marks)
	if why != "" {
		body.Omitted = why
		return body, nil
	}
	text := string(clean)
	body.Content = &text
	return body, maskedIn("response", places)
}

// EventForClient is [Masker.ForClient] for one event; policy is one for clients.
func (s *Stream) EventForClient(policy *masking.Policy, b []byte) (clean []byte, why string) {
	m := s.masker
	m.Policy = policy
	clean, _, why = m.event(s.media, b, s.marks)
	return clean, why
}

func (s *Stream) describe(b []byte) record.Body {
	body := s.like
	body.Size, body.Digest = int64(len(b)), s.masker.Digest(b)
	return body
}
