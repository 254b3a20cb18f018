package sessionreplay

import "sync"

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

// close waits for what is under way, and lets nothing more begin.
func (e *emitting) close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.under.Wait()
}
