package masking

import "encoding/binary"

// knownNames remembers names that are not secret and hold nothing secret: the
// same few come again in every object of a list, and in every body. Only short
// names of letters and digits are kept, by their bytes.
type knownNames struct {
	policy *Policy
	slots  [knownSlots]knownName
}

const (
	knownSlots   = 128
	longestKnown = 16
)

// knownName is a name of n bytes, from 1 to 16: low has its first eight, high
// its last eight.
type knownName struct {
	low, high uint64
	n         int
}

// of is name in that form, and its slot.
func (k *knownNames) of(name []byte) (*knownName, knownName) {
	it := knownName{n: len(name)}
	switch n := len(name); {
	case n >= 8:
		it.low, it.high = binary.LittleEndian.Uint64(name), binary.LittleEndian.Uint64(name[n-8:])
	case n >= 4:
		it.low, it.high = uint64(binary.LittleEndian.Uint32(name)), uint64(binary.LittleEndian.Uint32(name[n-4:]))
	default:
		it.low = uint64(name[0]) | uint64(name[n/2])<<8 | uint64(name[n-1])<<16
	}
	hash := (it.low ^ it.high*0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
	return &k.slots[hash>>57], it
}

// by makes k that of a policy.
func (k *knownNames) by(p *Policy) {
	if k.policy != p {
		*k = knownNames{policy: p}
	}
}
