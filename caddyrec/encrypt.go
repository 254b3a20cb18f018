package caddyrec

import (
	"fmt"
	"slices"

	"github.com/caddyrec/caddyrec/encryption"
	"github.com/caddyrec/caddyrec/record"
)

// Originals says who may see what was masked, and how much of it is kept.
type Originals struct {
	// The age recipients (`age1...`) that it is encrypted to, in the field
	// `originals` of the record: what was masked in the URL and in the header
	// fields that are recorded, and the bodies as they were sent wherever
	// something in them was masked, or all of them left out. None of encrypt_to
	// may be among them.
	To []string `json:"to"`

	// How much of a body is kept, in bytes, at most 16 MiB; of a streamed answer
	// that is all parts together. Default: 64 KiB.
	MaxBody int64 `json:"max_body,omitempty"`
}

const (
	defaultOriginal = 64 << 10
	maxOriginal     = 16 << 20
)

// ciphers are what a configuration encrypts records with; nil: it does not.
type ciphers struct {
	contents, originals *encryption.Sealer
}

// newCiphers reads the recipients, and fills in what originals leaves out.
func (a *App) newCiphers() (c ciphers, err error) {
	if a.EncryptTo != nil {
		if c.contents, err = encryption.NewSealer(encryption.Contents, a.Log, a.EncryptTo); err != nil {
			return c, fmt.Errorf("caddyrec: encrypt_to: %w", err)
		}
	}
	o := a.Originals
	if o == nil {
		return c, nil
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultOriginal
	}
	if o.MaxBody < 0 || o.MaxBody > maxOriginal {
		return c, fmt.Errorf("caddyrec: originals: max_body %d: use a size in bytes from 1 to 16777216 (16 MiB)", o.MaxBody)
	}
	if c.originals, err = encryption.NewSealer(encryption.Originals, a.Log, o.To); err != nil {
		return c, fmt.Errorf("caddyrec: originals: to: %w", err)
	}
	for _, to := range o.To {
		if slices.Contains(a.EncryptTo, to) {
			return c, fmt.Errorf("caddyrec: originals: to: recipient %.64s is one of encrypt_to as well, so whoever reads bodies would see what is masked in them: use a key of its own", to)
		}
	}
	return c, nil
}

// encrypting is what one record is written with.
type encrypting struct {
	record.Ciphers
	keys [2]string
	n    int // of keys
	size int // of the keys, in bytes
}

// of tells what r is written with.
func (c *ciphers) of(r *record.Record) (e encrypting) {
	if c.contents != nil && hasContent(r) {
		e.Contents = e.take(c.contents)
	}
	if c.originals != nil && r.Unmasked != nil {
		e.Originals = e.take(c.originals)
	}
	return e
}

func (e *encrypting) take(s *encryption.Sealer) *encryption.Key {
	k := s.Key()
	e.keys[e.n] = k.JSON()
	e.n, e.size = e.n+1, e.size+len(k.JSON())+1
	return k
}

func hasContent(r *record.Record) bool {
	return r.Request != nil && r.Request.Body != nil && r.Request.Body.Content != nil ||
		r.Response != nil && r.Response.Body != nil && r.Response.Body.Content != nil ||
		r.Chunk != nil && r.Chunk.Body.Content != nil
}

// encryptApproval encrypts the body of an approval, if bodies are.
func (g *Gateway) encryptApproval(id, body string) *record.Encrypted {
	contents := g.terms.get().contents
	if contents == nil {
		return nil
	}
	k := contents.Key()
	return &record.Encrypted{Text: string(k.Encrypt(nil, id, record.PlaceApproval, body)), DataKey: k.DataKey()}
}
