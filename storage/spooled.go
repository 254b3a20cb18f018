package storage

import "time"

// Spooler is a [Store] that is far away and has a second view of itself: one
// whose Creates return once the object is durable on this machine, and which
// brings it to the store afterwards.
//
// The second view is for names that only one process creates, as a ledger does
// for its log. Where one Create of many must win, as for a vote or a single
// use, only the store itself can say which.
type Spooler interface {
	Store
	// Spooled returns the second view. What it has not brought to the store yet
	// can be read through it only.
	Spooled() Store
}

// Spooled returns the view of s for names that only this process creates: the
// second one where s has one, and s itself where it has none.
func Spooled(s Store) Store {
	if far, ok := s.(Spooler); ok {
		return far.Spooled()
	}
	return s
}

// Backlog is what has not reached a store that is far away.
type Backlog struct {
	Objects int
	Bytes   int64
	// Oldest is when the first of them was created; zero when there is none.
	Oldest time.Time
	// Aside are objects that cannot be brought there and were set aside.
	Aside int
}

// Backlogged is a [Store] that may have a backlog.
type Backlogged interface {
	Backlog() Backlog
}

// Limited is a [Store] that may have no room.
type Limited interface {
	// Full returns an error while the store refuses what is to be created, and
	// nothing should be begun that would have to be.
	Full() error
}
