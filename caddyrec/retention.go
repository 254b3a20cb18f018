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
	newest, err := r.gateway.log.SealedUntil(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	if why := r.clock.doubt(now, time.Since(began), newest); why != "" {
		r.gateway.logger.Warn("nothing is purged for now: "+why, zap.String("log", r.gateway.name))
		return nil
	}
	done, err := r.gateway.log.Purge(ctx, ledger.Purge{Before: now.Add(-retain), Why: "retain " + retain.String(), By: "gateway"})
	for _, d := range done {
		field := zap.String("segment", d.Segment)
		if d.Kept != "" {
			r.gateway.logger.Debug("kept beyond its time", field, zap.String("by", d.Kept))
		} else {
			r.gateway.logger.Info("purged", field, zap.Uint64("records", d.Records), zap.Time("until", d.Until))
		}
	}
	return err
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
	// After a gap in the log of that length somebody should have looked.
	clockGap = 30 * 24 * time.Hour
	// Nothing is purged for so long afterwards.
	clockDoubt = 24 * time.Hour
)

// began is when this process did, with a reading of the monotonic clock.
var began = time.Now()

// doubt says why nothing should be purged when the wall clock shows wall, up
// after some fixed moment by the monotonic clock. Newest is about when the
// newest sealed record was written.
func (c *clock) doubt(wall time.Time, up time.Duration, newest time.Time) string {
	wall = wall.Round(0)
	if c.wall.IsZero() {
		if gap := wall.Sub(newest); !newest.IsZero() && gap > clockGap {
			c.doubted, c.why = up, fmt.Sprintf("the clock is %s ahead of the newest sealed record", gap.Round(time.Hour))
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
