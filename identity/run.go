package identity

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	minBackoff = time.Second
	maxBackoff = 30 * time.Second
)

// Run fetches the issuer's keys and keeps them current until ctx ends: every
// Config.Refresh, when a token has an unknown key, and after a failure again with
// a delay that grows from 1 s to 30 s. Once it has ended the verifier still
// verifies with the keys it has. Run it once; a second call returns at once.
func (v *Verifier) Run(ctx context.Context) {
	s := v.source
	s.mu.Lock()
	again := s.started
	s.started = true
	s.mu.Unlock()
	if again {
		return
	}
	defer s.stop()
	failures := 0
	var looked time.Time // when discovery was last tried
	for {
		now := v.cfg.Now()
		s.mu.Lock()
		s.tried = now
		if s.flight == nil {
			s.flight = make(chan struct{})
		}
		s.mu.Unlock()

		// By time, not by timer: tokens with unknown keys must not be able to
		// put off the look for where the keys have moved.
		discover := failures > 0 || now.Sub(looked) >= soonestRefresh(v.cfg.Refresh)
		if discover {
			looked = now
		}
		ring, err := v.fetch(ctx, discover)
		if ctx.Err() != nil {
			return
		}
		wait := refreshDelay(v.cfg.Refresh)
		if err != nil {
			failures++
			wait = backoff(failures)
			meanwhile := "requests with tokens get 503"
			if s.ring.Load().fresh(now, v.cfg.MaxStale) {
				meanwhile = "those that are known count, and tokens with others get 401"
			}
			v.cfg.Logger.Warn("keys could not be fetched: until they are, "+meanwhile, "issuer", v.cfg.Issuer, "error", err, "retry_in", wait)
		} else {
			failures = 0
			s.store(ring)
		}
		s.landed(err, wait)
		if err == nil {
			v.save(ring)
		}
		timer, stop := s.after(wait)
		select {
		case <-ctx.Done():
			stop()
			return
		case <-timer:
		case <-s.wake:
			stop()
		}
	}
}

// fetch gets the current keys. If told to it looks first whether they have moved,
// and makes do with the old place if that cannot be found out.
func (v *Verifier) fetch(ctx context.Context, discover bool) (*keyring, error) {
	address := ""
	if old := v.source.ring.Load(); old != nil {
		address = old.url
	}
	if address == "" || discover {
		found, err := v.discover(ctx)
		switch {
		case err == nil:
			address = found
		case address == "":
			return nil, err
		default:
			v.cfg.Logger.Warn("discovery failed, keys are fetched from where they were", "issuer", v.cfg.Issuer, "error", err)
		}
	}
	return v.fetchKeys(ctx, address)
}

// refreshDelay spreads regular fetches of many gateways, never later than d.
func refreshDelay(d time.Duration) time.Duration {
	return d - time.Duration(rand.Int64N(int64(d-soonestRefresh(d))+1))
}

func soonestRefresh(d time.Duration) time.Duration { return d - d/10 }

// backoff doubles with each failure, give or take a quarter.
func backoff(failures int) time.Duration {
	d := maxBackoff
	if failures <= 5 {
		d = minBackoff << (failures - 1)
	}
	return min(maxBackoff, max(minBackoff, d*3/4+time.Duration(rand.Int64N(int64(d)/2))))
}
