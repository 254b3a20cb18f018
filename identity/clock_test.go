package identity

import (
	"sync"
	"time"
)

// clock is a clock that moves when told to.
type clock struct {
	mu     sync.Mutex
	cond   *sync.Cond
	now    time.Time
	timers []*timer
	delays []time.Duration // of Run
}

type timer struct {
	at  time.Time
	d   time.Duration
	c   chan time.Time
	run bool
}

func newClock() *clock {
	c := &clock{now: time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)}
	c.cond = sync.NewCond(&c.mu)
	return c
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) after(d time.Duration) (<-chan time.Time, func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{at: c.now.Add(d), d: d, c: make(chan time.Time, 1), run: d != maxWait}
	c.timers = append(c.timers, t)
	if t.run {
		c.delays = append(c.delays, d)
	}
	c.cond.Broadcast()
	return t.c, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.remove(t)
	}
}

func (c *clock) remove(t *timer) bool {
	for i, o := range c.timers {
		if o == t {
			c.timers = append(c.timers[:i:i], c.timers[i+1:]...)
			c.cond.Broadcast()
			return true
		}
	}
	return false
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for _, t := range append([]*timer(nil), c.timers...) {
		if !t.at.After(c.now) {
			t.c <- c.now
			c.remove(t)
		}
	}
}

// await waits until exactly n timers of this kind are running.
func (c *clock) await(run bool, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		have := 0
		for _, t := range c.timers {
			if t.run == run {
				have++
			}
		}
		if have == n {
			return
		}
		c.cond.Wait()
	}
}
