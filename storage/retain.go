package storage

import (
	"context"
	"errors"
)

// ErrRetained says that an object must stay where it is: somebody holds it, or
// its retention is not over.
var ErrRetained = errors.New("storage: object must be retained")

// Retainer is a [Store] that lets go of objects, but of none that must stay. A
// third party enforces that, not this process.
type Retainer interface {
	Store

	// Hold keeps an object from being deleted, whatever its age, until
	// Release: a legal hold. Holding what is held, and releasing what is not,
	// change nothing. The error is [ErrNotExist] when there is no such object.
	Hold(ctx context.Context, name string) error

	// Release ends a hold. What the object's retention forbids stays forbidden.
	Release(ctx context.Context, name string) error

	// Delete removes an object. The error is [ErrRetained] while it is held or
	// its retention lasts, and [ErrNotExist] when it is not there. After any
	// other error it may be there or not.
	Delete(ctx context.Context, name string) error
}
