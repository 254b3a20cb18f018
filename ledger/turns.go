package ledger

import (
	"context"
	"sync"
	"time"
)

// turns has readers read one after the other, since what one has read the others
// need not read again. Who waits for one that is held up goes on beside it.
type turns struct {
	mu  sync.Mutex
	now chan struct{} // closed when the one whose turn it is has done; nil: nobody's
}

// patience is how long a reader waits for the one before it.
const patience = 250 * time.Millisecond

func (t *turns) take(ctx context.Context) (done func(), err error) {
	var tired chan struct{}
	for {
		before, done := t.tryTake(tired)
		if done != nil {
			return done, nil
		}
		late := time.NewTimer(patience)
		select {
		case <-before:
		case <-late.C:
			tired = before
		case <-ctx.Done():
		}
		late.Stop()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// tryTake takes the turn if it is nobody's, or still that of the one who was
// waited for too long; else it says for whom to wait.
func (t *turns) tryTake(tired chan struct{}) (before chan struct{}, done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now != nil && t.now != tired {
		return t.now, nil
	}
	mine := make(chan struct{})
	t.now = mine
	return nil, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.now == mine {
			t.now = nil
		}
		close(mine)
	}
}
