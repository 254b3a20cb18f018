package caddyrec

import (
	"bytes"
	"strconv"
	"sync"
	"time"
)

// lateAfter is how long records may be without a checkpoint that covers them:
// one is due within a second.
const lateAfter = 30 * time.Second

// unsigned watches how far the newest checkpoint is behind the records.
type unsigned struct {
	mu     sync.Mutex
	signed uint64    // the size of the newest checkpoint
	since  time.Time // about when the first record behind it was durable
	open   bool      // since is a record's, not the checkpoint's
}

// committed notes that records became durable.
func (u *unsigned) committed(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.open {
		u.since, u.open = now, true
	}
}

// checkpoint notes one that was signed.
func (u *unsigned) checkpoint(note []byte, now time.Time) {
	size := checkpointSize(note)
	u.mu.Lock()
	defer u.mu.Unlock()
	if size >= u.signed { // one made at a seal may be older
		// Records that came while it was signed are of now.
		u.signed, u.since, u.open = size, now, false
	}
}

// behind says how many of the log's records no checkpoint covers, and since
// when; since is zero if that is not late yet.
func (u *unsigned) behind(records uint64, now time.Time) (n uint64, since time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if records <= u.signed {
		return 0, time.Time{}
	}
	if !u.since.IsZero() && now.Sub(u.since) > lateAfter {
		since = u.since
	}
	return records - u.signed, since
}

// checkpointSize is the size in a checkpoint: its second line.
func checkpointSize(note []byte) uint64 {
	_, rest, _ := bytes.Cut(note, []byte("\n"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	size, _ := strconv.ParseUint(string(line), 10, 63)
	return size
}
