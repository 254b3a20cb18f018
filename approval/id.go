package approval

import (
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// newID returns a UUID version 7 (RFC 9562 section 5.7) of the moment now, by
// the Service's own clock: what is open is found by the time in its id.
func newID(now time.Time) string {
	id := uuid.New()
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = 0x70 | id[6]&0x0f
	return id.String()
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
