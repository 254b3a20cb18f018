// Package encryption keeps texts in records readable only for those who have a
// key file: bodies after masking, and, for others, what was there before it.
//
// A data key of 32 random bytes encrypts the texts (AES-256-GCM). It is in
// memory only, for an hour at most; encrypted to the recipients as an age file
// (age-encryption.org/v1), it is written in the first record of each segment
// that needs it, so that a segment can be read without any other, and whoever
// removes one takes no other's key. What encrypts has no way to decrypt what an
// earlier process wrote.
//
// A text is bound to the log, the record's id and its place in the record: it
// opens nowhere else. Seq, prev and all that a proof needs are not encrypted,
// so that a log is verified without any key.
package encryption

import (
	"fmt"

	"filippo.io/age"
)

// Purpose is what a data key is for. Texts for one purpose do not open with
// the key of another.
type Purpose string

// The purposes.
const (
	Contents  Purpose = "contents"  // of bodies, as masking left them
	Originals Purpose = "originals" // what was there before masking
)

// keySize is the length of a data key, in bytes.
const keySize = 32

// appendBinding appends what a text is bound to.
func appendBinding(dst []byte, p Purpose, log, id, place string) []byte {
	dst = append(dst, "caddyrec/v1"...)
	for _, part := range [...]string{string(p), log, id, place} {
		dst = append(dst, 0) // none of them has one
		dst = append(dst, part...)
	}
	return dst
}

// recipients are whom a data key is encrypted to.
type recipients struct {
	to    []age.Recipient
	names []string
}

// maxRecipients bounds what a data key takes in a record: of the long ones some
// 60 KiB.
const maxRecipients = 32

// parseRecipients reads age recipients, such as age1….
func parseRecipients(texts []string) (r recipients, err error) {
	if len(texts) == 0 {
		return r, fmt.Errorf("no recipient is named: age-keygen makes one")
	}
	if len(texts) > maxRecipients {
		return r, fmt.Errorf("%d recipients are too many: %d at most", len(texts), maxRecipients)
	}
	seen := map[string]bool{}
	for _, text := range texts {
		if seen[text] {
			return r, fmt.Errorf("recipient %s is named twice", short(text))
		}
		seen[text] = true
		to, err := parseRecipient(text)
		if err != nil {
			return r, err
		}
		r.to, r.names = append(r.to, to), append(r.names, short(text))
	}
	return r, nil
}

// short is a recipient as records and messages name it: those of post-quantum
// keys are some 2,000 characters long.
func short(recipient string) string {
	if len(recipient) > 64 {
		return recipient[:32] + "…"
	}
	return recipient
}
