package ledger

import (
	"context"
	"sync"
	"time"
)

// turns has readers read one after the other, since what one has read the others
// need not read again. A turn ends early for one that its store holds up: it goes
// on beside the next.
type turns struct{ taken chan struct{} }

// longestTurn is how long a reader may keep the others waiting.
const longestTurn = 250 * time.Millisecond

func newTurns() turns { return turns{make(chan struct{}, 1)} }

// take waits for a turn. Done ends it.
func (t turns) take(ctx context.Context) (done func(), err error) {
	select {
	case t.taken <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	end := sync.OnceFunc(func() { <-t.taken })
	late := time.AfterFunc(longestTurn, end)
	return func() {
		late.Stop()
		end()
	}, nil
}
