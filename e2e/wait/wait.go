// Package wait is how tests wait for what another process does: as long as it
// takes, but not for ever.
package wait

import (
	"testing"
	"time"
)

// Patience is how long anything may take to come about.
const Patience = 30 * time.Second

// look is how often [Until] looks. What a process did is seen from outside it
// only: in its files, or in what it answers.
const look = 20 * time.Millisecond

// Until waits until cond holds, and ends the test if that takes longer than
// [Patience]. What is what it waits for, as a sentence.
func Until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(Patience)
	tick := time.NewTicker(look)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s it is still not so: %s", Patience, what)
		}
	}
}

// For waits for a value, or the end, of c, and ends the test if that takes
// longer than [Patience]. What is the name of what comes.
func For[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(Patience):
		t.Fatalf("after %s there is still no %s", Patience, what)
		panic("unreachable")
	}
}
