package frames

import (
	"strconv"
	"time"
)

// The bounds of a [Pace]'s speed, but for 0.
const (
	MinSpeed = 0.01
	MaxSpeed = 10_000
)

// ParseSpeed reads a [Pace]'s speed: max for 0, or a number within the bounds. It
// reports false for anything else.
func ParseSpeed(text string) (speed float64, ok bool) {
	if text == "max" {
		return 0, true
	}
	speed, err := strconv.ParseFloat(text, 64)
	return speed, err == nil && speed >= MinSpeed && speed <= MaxSpeed
}

// Pace says when frames are due. The zero Pace shows all at once.
type Pace struct {
	// Speed is how many times faster than it was; 0: as fast as can be.
	Speed float64
	// Idle bounds how long nothing is shown, before Speed counts; 0: as long as
	// nothing happened.
	Idle time.Duration

	begun bool
	due   time.Time
	at    time.Duration
}

// Due is when the next frame is to be shown, which is at that time of the
// session. The first one is due at once. It goes by the monotonic clock.
func (p *Pace) Due(at time.Duration) time.Time {
	if !p.begun {
		p.begun, p.due, p.at = true, time.Now(), at
		return p.due
	}
	gap := max(0, at-p.at)
	p.at = max(p.at, at)
	if p.Idle > 0 {
		gap = min(gap, p.Idle)
	}
	if p.Speed > 0 {
		p.due = p.due.Add(time.Duration(float64(gap) / p.Speed))
	}
	return p.due
}

// Restart has the next frame be due at once, and those after it by that one:
// after a pause, a jump, or another speed.
func (p *Pace) Restart() { p.begun = false }
