package ledger

import (
	"crypto/sha256"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// frontier is the right edge of an RFC 6962 tree: all that is needed to add
// leaves and to know the root. edge[i] is the root of the complete subtree of
// 2^i leaves that bit i of size stands for.
type frontier struct {
	size uint64
	edge [64]tlog.Hash
}

func (f *frontier) add(leaf tlog.Hash) {
	level := bits.TrailingZeros64(^f.size) // as many subtrees are merged as size has trailing ones
	for i := range level {
		leaf = tlog.NodeHash(f.edge[i], leaf)
	}
	f.edge[level] = leaf
	f.size++
}

// root is the tree's root hash; of the empty tree that is the hash of nothing
// (RFC 6962 section 2.1).
func (f *frontier) root() tlog.Hash {
	if f.size == 0 {
		return sha256.Sum256(nil)
	}
	i := bits.TrailingZeros64(f.size)
	h := f.edge[i]
	for i++; i < bits.Len64(f.size); i++ {
		if f.size>>i&1 == 1 {
			h = tlog.NodeHash(f.edge[i], h)
		}
	}
	return h
}
