package watch

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"sync"

	"github.com/caddyrec/caddyrec/record"
)

// Cursors sign and read cursors: where in a recording somebody stopped. A cursor
// is bound to the person and the recording, not to the key, so that another key
// of the same person goes on there. Its form is
//
//	c1.<seq>.<mac>
//
// with the seq of the last record that was shown, and the first 16 bytes of an
// HMAC-SHA-256 in base64url.
type Cursors struct {
	key []byte

	mu      sync.Mutex
	reached map[[sha256.Size]byte]uint64 // how far a person is known to have come
	before  map[[sha256.Size]byte]uint64 // the same, of those not seen of late
}

// mostReached bounds how many persons' progress is remembered.
const mostReached = 1 << 14

// NewCursors makes cursors with a secret key, which all gateways that are to
// accept each other's cursors share.
func NewCursors(key []byte) *Cursors {
	return &Cursors{key: key, reached: map[[sha256.Size]byte]uint64{}}
}

// bound is a person and a recording.
func bound(who *record.Identity, session string) (b [sha256.Size]byte) {
	h := sha256.New()
	for _, s := range []string{"caddyrec cursor", who.Issuer, who.Subject, session} {
		h.Write(strconv.AppendInt(nil, int64(len(s)), 10))
		h.Write([]byte{':'})
		h.Write([]byte(s))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// signer makes the cursors of one stream.
type signer struct {
	key []byte
	of  [sha256.Size]byte
}

func (c *Cursors) signer(who *record.Identity, session string) signer {
	return signer{c.key, bound(who, session)}
}

// append appends the cursor behind a record.
func (s signer) append(dst []byte, seq uint64) []byte {
	dst = strconv.AppendUint(append(dst, "c1."...), seq, 10)
	mac := s.mac(seq)
	return base64.RawURLEncoding.AppendEncode(append(dst, '.'), mac[:16])
}

func (s signer) mac(seq uint64) (mac [sha256.Size]byte) {
	h := hmac.New(sha256.New, s.key)
	h.Write(s.of[:])
	h.Write(strconv.AppendUint(nil, seq, 10))
	h.Sum(mac[:0])
	return mac
}

// read is the seq in a cursor, if it was signed for this person and recording.
func (s signer) read(cursor string) (seq uint64, ok bool) {
	digits, ok := strings.CutPrefix(cursor, "c1.")
	digits, _, more := strings.Cut(digits, ".")
	seq, err := strconv.ParseUint(digits, 10, 64)
	return seq, ok && more && err == nil && hmac.Equal([]byte(cursor), s.append(nil, seq))
}

// back takes in that somebody says to have come to a record, and tells whether
// they have said before that they were further.
func (c *Cursors) back(of [sha256.Size]byte, seq uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, seen := c.reached[of]
	if !seen {
		before = c.before[of]
	}
	if len(c.reached) >= mostReached {
		c.before, c.reached = c.reached, map[[sha256.Size]byte]uint64{}
	}
	c.reached[of] = max(before, seq)
	return seq < before
}
