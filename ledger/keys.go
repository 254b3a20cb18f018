package ledger

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
)

// origin is the first line of a log's checkpoints and the name of its key.
func origin(log string) string { return "caddyrec/" + log }

var logName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

func checkLogName(log string) error {
	if !logName.MatchString(log) {
		return fmt.Errorf("log name %q: use 1 to 64 letters, digits, - and _, beginning with a letter or digit", log)
	}
	return nil
}

// Keys are what a log is signed and its digests are keyed with. Make them with
// [LoadKeys]; the zero value is refused.
type Keys struct {
	log string
	dir string // where the files are
	signingKey
	next  *signingKey // made, and perhaps not yet in force; nil: there is none
	first string      // the verifier key that the log began with

	kid     string
	digests keyedHash
	macs    keyedHash
}

// Verifier is the public key that checkpoints are verified with, as a note
// verifier key (golang.org/x/mod/sumdb/note): "caddyrec/<log>+<hash>+<key>".
// It may be given to anybody. It is the key that was in force when the keys
// were loaded; [Log.Verifier] tells the present one.
func (k *Keys) Verifier() string { return k.public.text }

// First is the verifier key that the log began with, whatever signs it now: what
// stands in its public.key.
func (k *Keys) First() string { return k.first }

// Digest is the keyed hash under which bytes are recorded that must not be
// recorded themselves: "hmac-sha256:<kid>:<base64>". Kid is eight hex digits
// that name the key without telling it. The HMAC's key is
// HMAC-SHA-256(file's key, "caddyrec digest v1").
func (k *Keys) Digest(b []byte) string {
	const scheme = "hmac-sha256:"
	h := k.digests.take()
	h.Write(b)
	// In the hash's own memory: this is on each request's way.
	h.text = append(append(append(h.text[:0], scheme...), k.kid...), ':')
	h.text = base64.StdEncoding.AppendEncode(h.text, h.Sum(h.sum[:0]))
	digest := string(h.text)
	k.digests.give(h)
	return digest
}

// DigestID is the id in [Keys.Digest] that names the key.
func (k *Keys) DigestID() string { return k.kid }

// MAC is a keyed hash, 32 bytes, over parts in the given domain. Parts are
// hashed with their lengths, so that no two lists of parts are alike, and under
// another key than [Keys.Digest], so that no body can imitate them.
func (k *Keys) MAC(domain string, parts ...string) []byte {
	h := k.macs.take()
	writePart(h, domain)
	for _, p := range parts {
		writePart(h, p)
	}
	sum := h.Sum(nil)
	k.macs.give(h)
	return sum
}

func writePart(h hash.Hash, s string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(s)))
	h.Write(n[:])
	h.Write([]byte(s))
}

// keyedHash hands out HMACs of one key for reuse.
type keyedHash struct{ pool sync.Pool }

// pooledHash is an HMAC and memory for what is made of it.
type pooledHash struct {
	hash.Hash
	sum  [sha256.Size]byte
	text []byte
}

func (k *keyedHash) init(master []byte, label string) {
	m := hmac.New(sha256.New, master)
	m.Write([]byte(label))
	key := m.Sum(nil)
	k.pool.New = func() any { return &pooledHash{Hash: hmac.New(sha256.New, key)} }
}

func (k *keyedHash) take() *pooledHash {
	h := k.pool.Get().(*pooledHash)
	h.Reset()
	return h
}

func (k *keyedHash) give(h *pooledHash) { k.pool.Put(h) }

// newKeys makes usable keys from the text of the key files.
func newKeys(log, skey, hmacKey string) (*Keys, error) {
	signing, err := newSigningKey(log, skey)
	if err != nil {
		return nil, err
	}
	master, err := base64.StdEncoding.DecodeString(strings.TrimSpace(hmacKey))
	if err != nil || len(master) != sha256.Size {
		return nil, fmt.Errorf("the HMAC key is damaged: want %d bytes in base64", sha256.Size)
	}
	id := sha256.Sum256(append([]byte("caddyrec kid v1\x00"), master...))
	k := &Keys{log: log, signingKey: *signing, kid: hex.EncodeToString(id[:4])}
	k.digests.init(master, "caddyrec digest v1")
	k.macs.init(master, "caddyrec mac v1")
	return k, nil
}

// signingKey signs checkpoints.
type signingKey struct {
	signer note.Signer
	public ringKey
}

func newSigningKey(log, skey string) (*signingKey, error) {
	skey = strings.TrimSpace(skey)
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, fmt.Errorf("the signing key is damaged: %w", err)
	}
	if signer.Name() != origin(log) {
		return nil, fmt.Errorf("the signing key is of %q, not of %q", signer.Name(), origin(log))
	}
	vkey, err := publicOf(skey)
	if err != nil {
		return nil, err
	}
	public, err := newRingKey(vkey)
	if err != nil {
		return nil, err
	}
	return &signingKey{signer, public}, nil
}

// publicOf derives the verifier key from a signer key, of which the last part
// is an algorithm byte and an Ed25519 seed.
func publicOf(skey string) (string, error) {
	parts := strings.SplitN(skey, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if len(parts) != 5 || err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", fmt.Errorf("the signing key is damaged")
	}
	public := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(parts[2], public)
}

func makeSigningKey(log string) (string, error) {
	skey, _, err := note.GenerateKey(rand.Reader, origin(log))
	return skey, err
}

func makeHMACKey() string {
	key := make([]byte, sha256.Size)
	rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}
