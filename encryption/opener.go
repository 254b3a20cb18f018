package encryption

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"github.com/caddyrec/caddyrec/record"
)

// Errors of an Opener, besides [KeyError]. They hold no text of a record.
var (
	// ErrChanged: a text is not what was written at this place of this record.
	ErrChanged = errors.New("the encrypted text was changed, or comes from another record or place")
	// ErrNoOriginals: a record holds none.
	ErrNoOriginals = errors.New("the record holds no originals: nothing was masked, or originals was not set")
)

// KeyError tells of a data key that a text needs and that cannot be had.
type KeyError struct {
	// ID is the data key's.
	ID string
	// To are its recipients; empty when the key itself was not found.
	To []string
	// Missing says that no record that was learned holds it: it is in an
	// earlier one of the same segment.
	Missing bool
	// Damaged says that what was found is no wrapped key.
	Damaged bool
}

func (e *KeyError) Error() string {
	switch {
	case e.Missing:
		return fmt.Sprintf("data key %s is not there: it is in data_keys of an earlier record of the same segment", e.ID)
	case e.Damaged:
		return fmt.Sprintf("data key %s is damaged: see what caddy rec verify says", e.ID)
	}
	return fmt.Sprintf("data key %s is encrypted to %s, and none of the identities given is one of these", e.ID, strings.Join(e.To, ", "))
}

// Opener opens what records keep encrypted. It is used by one goroutine at a
// time.
type Opener struct {
	identities []age.Identity
	wrapped    map[keyName]record.DataKey
	keys       map[keyName]opened
}

// keyName tells keys apart: an id is only meant to be used once.
type keyName struct {
	id      string
	purpose Purpose
}

type opened struct {
	aead cipher.AEAD
	err  error
}

// NewOpener makes an Opener that has these identities: see [ReadIdentities].
func NewOpener(identities []age.Identity) *Opener {
	return &Opener{identities: identities, wrapped: map[keyName]record.DataKey{}, keys: map[keyName]opened{}}
}

// Learn takes in the data keys that a record carries: those of a segment's
// records before the one to be opened, and its own, must be. Lines without any
// cost next to nothing.
func (o *Opener) Learn(line []byte) {
	if !bytes.Contains(line, []byte(`"data_keys":[`)) {
		return
	}
	var r struct {
		Keys []record.DataKey `json:"data_keys"`
	}
	if json.Unmarshal(line, &r) != nil {
		return
	}
	for _, k := range r.Keys {
		o.wrapped[keyName{k.ID, Purpose(k.For)}] = k
	}
}

// Open returns a record's line with the contents of its bodies where the
// encrypted ones stood. A line without any is returned as it is. The originals
// stay closed: see [Opener.Originals].
func (o *Opener) Open(line []byte) ([]byte, error) {
	o.Learn(line)
	r, err := record.Parse(line)
	if err != nil {
		return nil, err
	}
	for place, b := range bodies(r) {
		if b.Encrypted == "" || b.Content != nil {
			continue
		}
		plain, err := o.text(Contents, r, place, b.Encrypted)
		if err != nil {
			return nil, fmt.Errorf("opening the %s body of record %d: %w", place, r.Seq, err)
		}
		// Nothing else in the line can look like this: a quote in a text is
		// escaped.
		closed := []byte(`"encrypted":"` + b.Encrypted + `"`)
		if bytes.Count(line, closed) != 1 {
			return nil, fmt.Errorf("opening the %s body of record %d: %w", place, r.Seq, ErrChanged)
		}
		line = bytes.Replace(line, closed, record.AppendContent(nil, string(plain)), 1)
	}
	return line, nil
}

// bodies are the bodies of a record by place.
func bodies(r *record.Record) map[string]*record.Body {
	all := map[string]*record.Body{}
	if r.Request != nil && r.Request.Body != nil {
		all[record.PlaceRequest] = r.Request.Body
	}
	if r.Response != nil && r.Response.Body != nil {
		all[record.PlaceResponse] = r.Response.Body
	}
	if r.Chunk != nil {
		all[record.PlaceChunk] = &r.Chunk.Body
	}
	return all
}

// Originals opens what a record's request and response were before masking.
// Whoever shows it to somebody writes that down first (originals.opened).
func (o *Opener) Originals(line []byte) (*record.Unmasked, error) {
	o.Learn(line)
	r, err := record.Parse(line)
	if err != nil {
		return nil, err
	}
	if r.Originals == "" {
		return nil, ErrNoOriginals
	}
	plain, err := o.text(Originals, r, record.PlaceOriginals, r.Originals)
	if err != nil {
		return nil, fmt.Errorf("opening the originals of record %d: %w", r.Seq, err)
	}
	return record.ParseUnmasked(plain)
}

// Approval opens the body of an approval with this id, which a gateway's log
// has encrypted.
func (o *Opener) Approval(log, id string, e record.Encrypted) (string, error) {
	o.wrapped[keyName{e.DataKey.ID, Purpose(e.DataKey.For)}] = e.DataKey
	body, err := o.text(Contents, &record.Record{Log: log, ID: id}, record.PlaceApproval, e.Text)
	if err != nil {
		return "", fmt.Errorf("opening the body of approval %s: %w", id, err)
	}
	return string(body), nil
}

func (o *Opener) text(p Purpose, r *record.Record, place, text string) ([]byte, error) {
	id, coded, ok := strings.Cut(text, ":")
	sealed, err := base64.StdEncoding.Strict().DecodeString(coded)
	if !ok || err != nil {
		return nil, ErrChanged
	}
	aead, err := o.key(keyName{id, p})
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(sealed[:0:0], nil, sealed, appendBinding(nil, p, r.Log, r.ID, place))
	if err != nil {
		return nil, ErrChanged
	}
	return plain, nil
}

// key is the data key of that name, unwrapped once.
func (o *Opener) key(name keyName) (cipher.AEAD, error) {
	if k, ok := o.keys[name]; ok {
		return k.aead, k.err
	}
	wrapped, ok := o.wrapped[name]
	if !ok {
		return nil, &KeyError{ID: name.id, Missing: true} // it may be learned yet
	}
	aead, err := o.unwrap(wrapped)
	o.keys[name] = opened{aead, err}
	return aead, err
}

func (o *Opener) unwrap(k record.DataKey) (cipher.AEAD, error) {
	damaged := &KeyError{ID: k.ID, Damaged: true}
	text, err := base64.StdEncoding.DecodeString(k.Wrapped)
	if err != nil {
		return nil, damaged
	}
	r, err := age.Decrypt(bytes.NewReader(text), o.identities...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, &KeyError{ID: k.ID, To: k.To}
	}
	if err != nil {
		return nil, damaged
	}
	secret, err := io.ReadAll(io.LimitReader(r, keySize+1))
	defer clear(secret)
	if err != nil || len(secret) != keySize {
		return nil, damaged
	}
	return newAEAD(secret)
}
