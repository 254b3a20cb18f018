package jsonscan

import (
	"bytes"
	"hash/maphash"
	"math"
	"slices"
)

// maxLen bounds a document so that offsets fit the 31 bits a name has.
const maxLen = math.MaxInt32

// linear is how many keys an object has before its keys go into the table.
const linear = 12

// What names keep from one document to the next, in elements.
const (
	keepNames = 1 << 12
	keepTable = 1 << 13
)

var seed = maphash.MakeSeed()

// names are the keys of the open objects, those of the innermost last. An
// object of few keys is searched from end to end. The keys of a larger one
// are in a table as well, shared by all open objects: linear probing, at most
// half full. An object's keys leave it in reverse order before an outer object
// can add another, and so no gap is ever left in a probe sequence.
type names struct {
	list  []name
	table []uint32 // 1 + index into list; 0 is free
	used  int
}

// name is a key: src[start:end] with its quotes. The top bit of end says that
// the key holds escapes.
type name struct {
	hash       uint64
	start, end uint32
}

const escapedBit = 1 << 31

func (n *names) len() uint32 { return uint32(len(n.list)) }

func (n *names) reset() {
	if cap(n.list) > keepNames {
		n.list = nil
	}
	n.list = n.list[:0]
	switch {
	case len(n.table) > keepTable:
		n.table = nil
	case n.used > 0:
		clear(n.table)
	}
	n.used = 0
}

// add takes the key src[start:end] into the object whose first key is at
// first, unless it is there already.
func (n *names) add(s *Scanner, first uint32, start, end int, escaped bool) (duplicate bool) {
	text := s.src[start+1 : end-1]
	k := name{start: uint32(start), end: uint32(end)}
	if escaped {
		s.buf = AppendString(s.buf[:0], s.src[start:end])
		text = s.buf
		k.end |= escapedBit
	}
	k.hash = maphash.Bytes(seed, text)
	own := n.list[first:]
	if len(own) <= linear {
		for i := range own {
			if own[i].hash == k.hash && n.same(s, own[i], text) {
				return true
			}
		}
		n.list = append(n.list, k)
		if len(own) == linear {
			n.enter(first)
		}
		return false
	}
	k.hash ^= spread(first)
	if 2*(n.used+1) > len(n.table) {
		n.grow()
	}
	mask := len(n.table) - 1
	at := int(k.hash) & mask
	for ; n.table[at] != 0; at = (at + 1) & mask {
		i := n.table[at] - 1
		if i >= first && n.list[i].hash == k.hash && n.same(s, n.list[i], text) {
			return true
		}
	}
	n.list = append(n.list, k)
	n.table[at] = n.len()
	n.used++
	return false
}

// same compares the decoded bytes: equal hashes are no proof.
func (n *names) same(s *Scanner, k name, text []byte) bool {
	if k.end&escapedBit == 0 {
		return bytes.Equal(s.src[k.start+1:k.end-1], text)
	}
	return equalDecoded(s.src[k.start+1:(k.end&^escapedBit)-1], text)
}

// enter puts the keys of the innermost object, too many now to be searched
// linearly, into the table. The same key in many nested objects must not pile
// up in one place: each object spreads its hashes differently.
func (n *names) enter(first uint32) {
	own := n.list[first:]
	for i := range own {
		own[i].hash ^= spread(first)
	}
	for 2*(n.used+len(own)) > len(n.table) {
		n.grow()
	}
	for i := range own {
		n.insert(first + uint32(i))
	}
}

func (n *names) insert(i uint32) {
	mask := len(n.table) - 1
	at := int(n.list[i].hash) & mask
	for n.table[at] != 0 {
		at = (at + 1) & mask
	}
	n.table[at] = i + 1
	n.used++
}

// grow doubles the table. The order of entry is the order of the list, as it
// was, so that leaving in reverse order stays sound.
func (n *names) grow() {
	in := make([]uint32, 0, n.used)
	for _, v := range n.table {
		if v != 0 {
			in = append(in, v)
		}
	}
	slices.Sort(in)
	n.table = make([]uint32, max(64, 2*len(n.table)))
	n.used = 0
	for _, v := range in {
		n.insert(v - 1)
	}
}

// drop takes the keys from first on, those of the object that ends, out.
func (n *names) drop(first uint32) {
	if len(n.list)-int(first) > linear {
		mask := len(n.table) - 1
		for i := n.len(); i > first; i-- {
			at := int(n.list[i-1].hash) & mask
			for n.table[at] != i {
				at = (at + 1) & mask
			}
			n.table[at] = 0
			n.used--
		}
	}
	n.list = n.list[:first]
}

// spread is a number of its own for each object, from where its keys start.
func spread(first uint32) uint64 { return uint64(first+1) * 0x9e3779b97f4a7c15 }
