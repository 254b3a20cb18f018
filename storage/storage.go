// Package storage is where caddyrec keeps what must never change: objects that
// are written once, under a name, and then only read.
//
// Its promise is one primitive, [Store.Create]: of any number of concurrent
// Creates of one name, in any number of processes, exactly one wins, and what
// it wrote is durable when it returns. A sealed segment, a tile, a vote, a
// grant's single use all rest on that. Nothing in the interface overwrites.
package storage

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
)

// ErrExist says that an object of that name is there already. It wraps
// [fs.ErrExist].
var ErrExist = fmt.Errorf("storage: object exists already: %w", fs.ErrExist)

// ErrNotExist says that there is no object of that name. It wraps
// [fs.ErrNotExist].
var ErrNotExist = fmt.Errorf("storage: no such object: %w", fs.ErrNotExist)

// Store is a set of write-once objects. Names are those [CheckName] accepts.
// All methods may be called at once by any number of goroutines.
type Store interface {
	// Create writes an object from all that r gives, if there is none of that
	// name. It returns once the object is durable. When there is one already
	// the error is [ErrExist] and the old one is untouched; r may then have
	// been read or not. After any other error the object may be there whole or
	// not at all, never in part: read it back to know.
	//
	// A name must not be a folder of another name: of "a" and "a/b" a store
	// may refuse whichever comes second.
	Create(ctx context.Context, name string, r io.Reader) error

	// Open reads an object. The error is [ErrNotExist] when there is none.
	Open(ctx context.Context, name string) (io.ReadCloser, error)

	// List yields the names that begin with prefix, which need not end at a
	// slash, in ascending order of bytes. It stops at the first error, which
	// it yields with an empty name.
	List(ctx context.Context, prefix string) iter.Seq2[string, error]
}
