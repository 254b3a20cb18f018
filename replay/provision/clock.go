package provision

import "time"

// clock tells the time for keys. It begins at the wall clock and goes on by the
// monotonic one, so that setting the wall clock back opens nothing. Where the
// wall clock is ahead, that one counts: a machine that slept has lost time that
// the monotonic clock did not see.
type clock struct {
	start time.Time        // with its monotonic reading
	begun time.Time        // what the wall clock said then
	wall  func() time.Time // nil: the one that is read with the monotonic one
}

func newClock(wall func() time.Time) clock {
	c := clock{start: time.Now(), wall: wall}
	c.begun = c.said(c.start)
	return c
}

// said is what the wall clock says, if both were read just now.
func (c *clock) said(at time.Time) time.Time {
	if c.wall != nil {
		at = c.wall()
	}
	return at.Round(0)
}

// read tells what time it is for keys, and how long ago the clock began by the
// monotonic clock alone. It reads the machine's clocks once: that is most of
// what it costs to check a frame.
func (c *clock) read() (now time.Time, since time.Duration) {
	at := time.Now()
	since = at.Sub(c.start)
	now = c.begun.Add(since)
	if wall := c.said(at); wall.After(now) {
		now = wall
	}
	return now, since
}

func (c *clock) now() time.Time {
	now, _ := c.read()
	return now
}

// since is how long ago the clock began, by the monotonic clock alone.
func (c *clock) since() time.Duration { return time.Since(c.start) }
