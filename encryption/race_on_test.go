//go:build race

package encryption

// With the race detector a sync.Pool forgets at random.
const poolsForget = true
