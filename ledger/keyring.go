package ledger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// keyring is the public keys of one log, the oldest first. All but the last
// are retired.
type keyring []ringKey

// ringKey is a public key and how far its word reaches.
type ringKey struct {
	note.Verifier
	text  string // as a note verifier key
	until uint64 // the most records it may sign for; noLimit: it is in force
}

func newRingKey(text string) (ringKey, error) {
	v, err := note.NewVerifier(text)
	if err != nil {
		return ringKey{}, err
	}
	return ringKey{v, text, noLimit}, nil
}

// id names a key in signatures, as eight hex digits.
func (k ringKey) id() string { return fmt.Sprintf("%08x", k.KeyHash()) }

// retiredAt stands, in the text of a keyring, between a key and the most
// records it may sign for.
const retiredAt = " retired at "

// CheckKeys says whether text is what [VerifyOptions] takes as a key: the
// public keys of one log.
func CheckKeys(text string) error {
	_, err := parseKeyring(text)
	return err
}

// parseKeyring reads public keys of one log, the oldest first, one a line.
func parseKeyring(text string) (r keyring, err error) {
	for line := range strings.Lines(text) {
		vkey, at, retired := strings.Cut(strings.TrimSpace(line), retiredAt)
		if vkey == "" {
			continue
		}
		k, err := newRingKey(vkey)
		if err != nil {
			return nil, fmt.Errorf("the public key cannot be used: %w", err)
		}
		if retired {
			if k.until, err = strconv.ParseUint(at, 10, 63); err != nil {
				return nil, fmt.Errorf("the public key %s has no size at which it was retired", k.id())
			}
		}
		if n := len(r); n > 0 {
			last := r[n-1]
			if k.Name() != last.Name() {
				return nil, fmt.Errorf("the public keys are of two logs, %s and %s", last.Name(), k.Name())
			}
			if r.find(k.text) >= 0 || last.until > k.until || last.until == noLimit {
				return nil, errors.New("the public keys are not in order: the oldest is the first, and all but the last are retired")
			}
		}
		r = append(r, k)
	}
	if len(r) == 0 {
		return nil, errors.New("there is no public key")
	}
	if name := r[0].Name(); !strings.HasPrefix(name, origin("")) {
		return nil, fmt.Errorf("the public key is of %q, which is no log", name)
	}
	return r, nil
}

// String is what parseKeyring reads.
func (r keyring) String() string {
	var b strings.Builder
	for _, k := range r {
		b.WriteString(k.text)
		if k.until != noLimit {
			b.WriteString(retiredAt + strconv.FormatUint(k.until, 10))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// log is the name of the log that the keys are of.
func (r keyring) log() string { return strings.TrimPrefix(r[0].Name(), origin("")) }

// current is the key in force.
func (r keyring) current() ringKey { return r[len(r)-1] }

// find is where a key is in the ring; -1: nowhere.
func (r keyring) find(text string) int {
	for i, k := range r {
		if k.text == text {
			return i
		}
	}
	return -1
}

// errForeignKey says that a checkpoint is well signed perhaps, but not by a
// key at hand.
var errForeignKey = errors.New("signed with another key")

// errRetiredKey says that a checkpoint is signed with a key of the log, though
// not with the one in force.
var errRetiredKey = errors.New("signed with a key that was retired")

// openInForce reads a signed checkpoint of the log that must be signed with the
// key in force: by itself a retired one proves nothing. Whoever has stolen it
// can sign another tree of as many records as it may sign for.
func (r keyring) openInForce(signed []byte) (checkpoint, error) {
	if current := r.current(); current.until == noLimit {
		c, _, err := (keyring{current}).open(signed)
		if !errors.Is(err, errForeignKey) {
			return c, err
		}
	}
	if _, _, err := r.open(signed); err != nil {
		return checkpoint{}, err
	}
	return checkpoint{}, errRetiredKey
}

// open reads a signed checkpoint of the log. It must be signed by a key of the
// ring that may sign for so many records.
func (r keyring) open(signed []byte) (checkpoint, ringKey, error) {
	verifiers := make([]note.Verifier, len(r))
	for i, k := range r {
		verifiers[i] = k
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		return checkpoint{}, ringKey{}, errForeignKey
	}
	if err != nil {
		return checkpoint{}, ringKey{}, err
	}
	for _, s := range n.Sigs {
		// Else a signature could be written in several ways.
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return checkpoint{}, ringKey{}, fmt.Errorf("its signature by %s is no strict base64", s.Name)
		}
	}
	from, c, err := parseCheckpoint(n.Text)
	if err != nil {
		return checkpoint{}, ringKey{}, err
	}
	if from != r[0].Name() {
		return checkpoint{}, ringKey{}, fmt.Errorf("checkpoint is of log %q, not of %q", from, r[0].Name())
	}
	var by ringKey
	for _, k := range r {
		for _, s := range n.Sigs {
			if s.Hash != k.KeyHash() {
				continue
			}
			if by = k; c.size <= k.until {
				return c, k, nil
			}
		}
	}
	return checkpoint{}, by, fmt.Errorf("signed for %d records with the key %s, which was retired at %d", c.size, by.id(), by.until)
}
