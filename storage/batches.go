package storage

// Batched is a [Store] that can take a ledger's batches as they are committed,
// each as an object of its own, on machines that have no disk to keep them.
type Batched interface {
	Store
	// Batches returns the view in which they are created. They are there until
	// they are sealed, so it may retain them for less long than the store does
	// other objects.
	Batches() Store
}

// Batches returns the view of s in which a ledger commits its batches; nil if it
// keeps them on a disk.
func Batches(s Store) Store {
	if b, ok := s.(Batched); ok {
		return b.Batches()
	}
	return nil
}
