package approval

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/google/uuid"

	"github.com/caddyrec/caddyrec/record"
)

// newID returns a UUID version 7 (RFC 9562 section 5.7) of the moment now, by
// the Service's own clock: what is open is found by the time in its id.
func newID(now time.Time) string {
	return idWith(now, uuid.New())
}

// idWith is the id of a moment with the other bits of id.
func idWith(now time.Time, id uuid.UUID) string {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = 0x70 | id[6]&0x0f
	id[8] = 0x80 | id[8]&0x3f
	return id.String()
}

// idOf is the id that follows from all that r says but its id: a UUID version 7
// with bits of a hash where others have random ones. The records of the request
// name it, so nobody can have approvers vote on something else under that id, or
// by another policy, by changing the object. Those bits are too few against who
// can choose the content of two requests, so r has a salt that nobody knows
// before. Of an encrypted body only that there is one is in it, since the id goes
// into the encryption.
func (r Request) idOf() (string, error) {
	r.ID = ""
	if r.Encrypted != nil {
		r.Encrypted = new(record.Encrypted)
	}
	text, err := encode(r)
	if err != nil {
		return "", err
	}
	h := sha256.Sum256(text)
	return idWith(r.Created, uuid.UUID(h[:16])), nil
}

// validID says whether id is a UUID version 7 as this package writes them: one
// spelling only, for it becomes part of an object's name.
func validID(id string) bool {
	u, err := uuid.Parse(id)
	return err == nil && u.Version() == 7 && u.Variant() == uuid.RFC4122 && u.String() == id
}

// idTime is the moment in a valid id, in milliseconds.
func idTime(id string) time.Time {
	u := uuid.MustParse(id)
	var ms [8]byte
	copy(ms[2:], u[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:])))
}

// idPrefixes returns the prefixes, digits hex digits long (at most 8), of all
// ids made from from to to.
func idPrefixes(from, to time.Time, digits int) []string {
	unit := int64(1) << (48 - 4*digits)
	var list []string
	for ms := from.UnixMilli() / unit * unit; ms <= to.UnixMilli(); ms += unit {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(ms))
		list = append(list, hex.EncodeToString(b[2:])[:digits])
	}
	return list
}
