package caddyrec

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/ledger"
)

// retention purges what is older than the retain of the configuration in force.
type retention struct {
	gateway *Gateway
	clock   clock
	told    map[string]bool // damaged segments that the log has been told of
}

// Purging is no hurry: segments are whole hours or more.
const (
	firstPurge = time.Minute
	purgeEvery = 10 * time.Minute
)

// run purges now and then, until ctx ends.
func (r *retention) run(ctx context.Context) {
	next := time.NewTimer(firstPurge)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		// Also when nothing is purged: a legal hold is for others than the log, too.
		if err := r.gateway.log.KeepHeld(ctx); err != nil && ctx.Err() == nil {
			r.gateway.logger.Error("legal holds", zap.String("log", r.gateway.name), zap.Error(err))
		}
		if err := r.purge(ctx); err != nil && ctx.Err() == nil {
			r.gateway.logger.Error("purging", zap.String("log", r.gateway.name), zap.Error(err))
		}
		next.Reset(purgeEvery)
	}
}

func (r *retention) purge(ctx context.Context) error {
	retain := r.gateway.terms.get().retain
	if retain <= 0 {
		return nil
	}
	var newest, jump time.Time
	if r.clock.wall.IsZero() {
		var err error
		if newest, jump, err = r.gateway.log.Jumped(ctx); err != nil {
			return err
		}
	}
	now := time.Now()
	if why := r.clock.doubt(now, time.Since(began), newest, jump); why != "" {
		r.gateway.logger.Warn("nothing is purged for now: "+why, zap.String("log", r.gateway.name))
		return nil
	}
	done, err := r.gateway.purge(ctx, ledger.Purge{Before: now.Add(-retain), Why: "retain " + retain.String(), By: "gateway"})
	r.tell(done)
	return err
}

// purge removes segments, see [ledger.Log.Purge], and what is in memory of them.
func (g *Gateway) purge(ctx context.Context, p ledger.Purge) ([]ledger.Purged, error) {
	done, err := g.log.Purge(ctx, p)
	if len(done) > 0 && !p.DryRun {
		g.shown().server.Library.Purged()
	}
	return done, err
}

// tell logs what became of the segments: damage once for each as long as it
// lasts, since it is looked at again and again.
func (r *retention) tell(done []ledger.Purged) {
	damaged := map[string]bool{}
	for _, d := range done {
		fields := []zap.Field{zap.String("log", r.gateway.name), zap.String("segment", d.Segment)}
		switch d.Kind {
		case "":
			r.gateway.logger.Info("purged", append(fields, zap.Uint64("records", d.Records), zap.Time("until", d.Until))...)
		case ledger.KeptDamaged:
			if damaged[d.Segment] = true; !r.told[d.Segment] {
				r.gateway.meter.problems.Inc()
				r.gateway.logger.Error("a segment is old enough to be purged, but damaged: it is kept as evidence", append(fields, zap.String("problem", d.Kept))...)
			}
		case ledger.KeptUnread:
			r.gateway.logger.Warn("a segment that is old enough to be purged cannot be read: it is tried again", append(fields, zap.String("problem", d.Kept))...)
		default:
			r.gateway.logger.Debug("kept beyond its time", append(fields, zap.String("by", d.Kept))...)
		}
	}
	r.told = damaged
}

// clock tells whether the wall clock can be trusted with what must not be lost:
// a clock that jumps ahead makes everything old. The zero clock has not been
// looked at.
type clock struct {
	wall    time.Time // at the last look
	up      time.Duration
	doubted time.Duration // when it was last seen to jump
	why     string
}

const (
	// A clock that is set by more than that has jumped.
	clockSlack = time.Minute
	// How much ahead of the newest record the clock may be at a start: nobody has
	// seen it go since.
	clockGap = 24 * time.Hour
	// Nothing is purged for so long afterwards.
	clockDoubt = 24 * time.Hour
)

// began is when this process did, with a reading of the monotonic clock.
var began = time.Now()

// doubt says why nothing should be purged when the wall clock shows wall, up
// after some fixed moment by the monotonic clock. Newest is when the newest record
// was written that was there at the start, jump the first after the time went
// far ahead between two records: an earlier start's own record, perhaps, which
// makes a wrong clock look right. They count at the first look only.
func (c *clock) doubt(wall time.Time, up time.Duration, newest, jump time.Time) string {
	wall = wall.Round(0)
	if c.wall.IsZero() {
		if gap := wall.Sub(newest); !newest.IsZero() && gap > clockGap {
			c.doubted, c.why = up, fmt.Sprintf("the clock is %s ahead of the newest record", gap.Round(time.Hour))
		} else if since := wall.Sub(jump); !jump.IsZero() && since >= 0 && since < clockDoubt {
			c.doubted, c.why = up-since, "the time in the log goes far ahead at "+jump.UTC().Format(time.RFC3339)
		}
	} else if off := wall.Sub(c.wall) - (up - c.up); off.Abs() > clockSlack {
		c.doubted, c.why = up, fmt.Sprintf("the clock was set by %s", off.Round(time.Second))
	}
	c.wall, c.up = wall, up
	left := clockDoubt - (up - c.doubted)
	if c.why == "" || left <= 0 {
		c.why = ""
		return ""
	}
	return fmt.Sprintf("%s; it is trusted again in %s, or use caddy rec purge", c.why, left.Round(time.Minute))
}
