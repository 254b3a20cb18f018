package encryption

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/age"

	"github.com/caddyrec/caddyrec/record"
)

const (
	// epoch is how long a data key is used.
	epoch = time.Hour
	// epochTexts is how many texts it encrypts: nonces are random, and with
	// that many the chance that two are alike is below 2^-40.
	epochTexts = 1 << 28
)

// Sealer encrypts for one purpose and one set of recipients. Its methods may be
// called at once by any number of goroutines.
type Sealer struct {
	purpose Purpose
	log     string
	to      recipients

	present atomic.Pointer[Key]
	mu      sync.Mutex // held while a key is made
	now     func() time.Time
}

// NewSealer makes a Sealer of a log's records. It encrypts to all of the
// recipients, which are age's own (age1…): any one of their identities opens.
func NewSealer(p Purpose, log string, to []string) (*Sealer, error) {
	all, err := parseRecipients(to)
	if err != nil {
		return nil, err
	}
	s := &Sealer{purpose: p, log: log, to: all, now: time.Now}
	k, err := s.make()
	if err != nil {
		return nil, err
	}
	s.present.Store(k)
	return s, nil
}

// Key is the data key in force.
func (s *Sealer) Key() *Key {
	k := s.present.Load()
	if k.texts.Load() < epochTexts && s.now().Before(k.until) {
		return k
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.present.Load(); now != k {
		return now
	}
	next, err := s.make()
	if err != nil { // it went well before, with the same recipients
		return k
	}
	s.present.Store(next)
	return next
}

// make makes a data key and wraps it.
func (s *Sealer) make() (*Key, error) {
	var secret [keySize]byte
	defer clear(secret[:])
	var id [8]byte
	rand.Read(secret[:]) // never fails
	rand.Read(id[:])
	var wrapped bytes.Buffer
	w, err := age.Encrypt(&wrapped, s.to.to...)
	if err == nil {
		if _, err = w.Write(secret[:]); err == nil {
			err = w.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("encrypting a data key to the recipients: %w", err)
	}
	aead, err := newAEAD(secret[:])
	if err != nil {
		return nil, err
	}
	k := &Key{id: hex.EncodeToString(id[:]), purpose: s.purpose, log: s.log, aead: aead, until: s.now().Add(epoch)}
	k.wrapped = record.DataKey{ID: k.id, For: string(s.purpose), To: s.to.names, Wrapped: base64.StdEncoding.EncodeToString(wrapped.Bytes())}
	text, err := json.Marshal(k.wrapped)
	if err != nil {
		return nil, err
	}
	k.json = string(text)
	return k, nil
}

func newAEAD(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Key is a data key. It is a [record.Encrypter].
type Key struct {
	id      string
	purpose Purpose
	log     string
	wrapped record.DataKey
	json    string
	aead    cipher.AEAD
	until   time.Time
	texts   atomic.Int64
}

// JSON is the key, encrypted to the recipients, as one of a record's data_keys:
// what the ledger must write with the first record of a segment that needs it.
func (k *Key) JSON() string { return k.json }

// DataKey is the same as records have it.
func (k *Key) DataKey() record.DataKey { return k.wrapped }

// Encrypt appends plain, encrypted for one place of the record with this id.
func (k *Key) Encrypt(dst []byte, id, place, plain string) []byte {
	k.texts.Add(1)
	s := scratches.Get().(*scratch)
	s.binding = appendBinding(s.binding[:0], k.purpose, k.log, id, place)
	// With room for all of it, the text is overwritten by its ciphertext.
	s.text = append(slices.Grow(s.text[:0], len(plain)+k.aead.Overhead()), plain...)
	s.text = k.aead.Seal(s.text[:0], nil, s.text, s.binding)
	dst = append(dst, k.id...)
	dst = append(dst, ':')
	dst = base64.StdEncoding.AppendEncode(dst, s.text)
	if cap(s.text) > keepScratch {
		s.text = nil
	}
	scratches.Put(s)
	return dst
}

// scratch is the memory for one text. It holds ciphertext when it is given
// back.
type scratch struct{ binding, text []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

const keepScratch = 256 << 10

// Interface guard
var _ record.Encrypter = (*Key)(nil)
