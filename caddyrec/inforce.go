package caddyrec

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyrec/caddyrec/masking"
)

// inForce is the value of the newest of the configurations that hold one. Two
// overlap during a reload, and the new one may yet fail: then the old one's
// value is in force again.
type inForce[T any] struct {
	mu     sync.Mutex
	held   []holding[T]
	newest atomic.Pointer[T]
}

type holding[T any] struct {
	by    *App
	value T
}

// hold puts an app's value in force.
func (f *inForce[T]) hold(by *App, value T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = append(f.held, holding[T]{by, value})
	f.newest.Store(&value)
}

// release takes an app's value back. The last one stays in force: what outlives
// all configurations needs one.
func (f *inForce[T]) release(by *App) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.held, func(h holding[T]) bool { return h.by == by })
	if i < 0 {
		return
	}
	f.held = slices.Delete(f.held, i, i+1)
	if n := len(f.held); n > 0 {
		value := f.held[n-1].value // a copy: what is held moves
		f.newest.Store(&value)
	}
}

// get is the value in force; nil if there never was one.
func (f *inForce[T]) get() *T { return f.newest.Load() }

// terms are what configurations of one log may say differently.
type terms struct {
	patience time.Duration // how long approvals wait for a record
	retain   time.Duration // how long records are kept; 0: for ever
	ciphers                // what records are encrypted with
}

// logMasking is the policy for Caddy's own logs.
var logMasking inForce[*masking.Policy]

// LogMasking is the policy for Caddy's own logs: that of the newest
// configuration in force, or what is masked by default. Logs are opened before
// any app, and closed after all.
func LogMasking() *masking.Policy {
	if p := logMasking.get(); p != nil {
		return *p
	}
	return new(masking.Policy)
}
