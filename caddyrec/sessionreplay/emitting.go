package sessionreplay

import (
	"sync"
	"time"
)

// emitting are the events under way of one configuration.
type emitting struct {
	mu     sync.Mutex
	closed bool
	under  sync.WaitGroup
}

// do has fn run beside its caller, unless the configuration is gone.
func (e *emitting) do(fn func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.under.Go(fn)
	}
}

// close lets nothing more begin, and waits for what is under way, but no longer
// than most. It says whether that is over.
func (e *emitting) close(most time.Duration) bool {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	over := make(chan struct{})
	go func() {
		e.under.Wait()
		close(over)
	}()
	select {
	case <-over:
		return true
	case <-time.After(most):
		return false
	}
}
