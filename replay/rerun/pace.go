package rerun

import "time"

// pace says when the next request is due.
type pace struct {
	plan   *Plan
	speed  float64
	gap    time.Duration // between two requests, at least
	fixed  bool          // gap is all that counts
	origin time.Time     // on record, what start stands for
	start  time.Time
	last   time.Time // when one was sent last
}

// newPace begins at the plan's step number first, from 0.
func newPace(o *Options, plan *Plan, first int) *pace {
	p := &pace{plan: plan, speed: o.Speed, fixed: o.Rate > 0, start: time.Now()}
	if len(plan.Steps) > 0 {
		p.origin = plan.Steps[first].Began
	}
	every := func(rate float64) time.Duration { return time.Duration(float64(time.Second) / rate) }
	if o.Rate > 0 {
		p.gap = every(o.Rate)
	}
	if o.MaxRate > 0 {
		p.gap = max(p.gap, every(o.MaxRate))
	}
	return p
}

// due is when step i should be sent.
func (p *pace) due(i int, now time.Time) time.Time {
	at := now
	if p.speed > 0 && !p.fixed {
		at = p.start.Add(time.Duration(float64(p.plan.Steps[i].Began.Sub(p.origin)) / p.speed))
	}
	if p.gap > 0 && !p.last.IsZero() {
		if next := p.last.Add(p.gap); next.After(at) {
			at = next
		}
	}
	return at
}

func (p *pace) sent(now time.Time) {
	// A request that is late does not make the next ones come in a bunch.
	if next := p.last.Add(p.gap); p.gap > 0 && now.Sub(next) < p.gap && next.After(p.start) {
		now = next
	}
	p.last = now
}
