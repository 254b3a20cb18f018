package provision

import "time"

// clock tells the time for keys. It begins at the wall clock and goes on by the
// monotonic one, so that setting the wall clock back opens nothing. Where the
// wall clock is ahead, that one counts: a machine that slept has lost time that
// the monotonic clock did not see.
type clock struct {
	start time.Time // with its monotonic reading
	begun time.Time // what the wall clock said then
	wall  func() time.Time
}

func newClock(wall func() time.Time) clock {
	return clock{start: time.Now(), begun: wall().Round(0), wall: wall}
}

func (c *clock) now() time.Time {
	steady := c.begun.Add(time.Since(c.start))
	if wall := c.wall().Round(0); wall.After(steady) {
		return wall
	}
	return steady
}

// since is how long ago the clock began, by the monotonic clock alone.
func (c *clock) since() time.Duration { return time.Since(c.start) }
