package identity

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// Must-pass test 8.
func TestAColdStartWithTheProviderDownServesFromTheSnapshot(t *testing.T) {
	store := &memory{}
	idp, clock := newIssuer(t), newClock()
	keep := func(c *Config) { c.Snapshot = store }
	first := fixtureOf(t, idp, clock, keep).run()
	first.end()
	idp.stop()

	clock.advance(23 * time.Hour)
	f := fixtureOf(t, idp, clock, keep)
	f.accepts(es("es", f.claims())) // before Run, without the network
	f.run()
	f.accepts(joseSign(t, "RS256", "rs", f.claims()))

	f.pass(time.Hour)
	cachedToken := es("es", f.claims())
	ue := f.unavailable(cachedToken)
	if ue.RetryAfter < time.Second || ue.RetryAfter > maxBackoff || ue.RetryAfter%time.Second != 0 || ue.Err == nil {
		t.Errorf("unavailable error is %+v", ue)
	}

	idp.restart()
	f.pass(maxBackoff)
	f.accepts(cachedToken)
}

func TestThatKeysCannotBeFetchedIsLoggedWithWhatItMeans(t *testing.T) {
	for _, known := range []bool{false, true} {
		idp, clock := newIssuer(t), newClock()
		var log bytes.Buffer
		f := fixtureOf(t, idp, clock, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		want := "requests with tokens get 503"
		if known {
			f.run()
			idp.reply(500, "")
			f.pass(f.Verifier.cfg.Refresh)
			f.accepts(es("es", f.claims()))
			f.refuses(es("es2", f.claims()), unknownKey)
			want = "tokens with others get 401"
		} else {
			idp.stop()
			f.run()
			f.unavailable(es("es", f.claims()))
		}
		f.end()
		if !strings.Contains(log.String(), want) {
			t.Errorf("with known keys %v logged is %q", known, log.String())
		}
	}
}

func TestATokenInTheCacheDoesNotOutliveMaxStale(t *testing.T) {
	f := running(t, func(c *Config) { c.Refresh, c.MaxStale = time.Minute, time.Minute })
	raw := es("es", f.claims())
	f.clock.advance(30 * time.Second)
	f.accepts(raw)
	f.idp.reply(500, "")
	f.pass(30 * time.Second)
	f.unavailable(raw)
}

// Must-pass test 9.
func TestRotationIsFollowedAndARemovedKeyRefused(t *testing.T) {
	f := running(t)
	old := es("es", f.claims())
	f.accepts(old)
	f.idp.publish(jwk("es", "ES256"), jwk("es2", "ES256"))
	f.refuses(es("es2", f.claims()), unknownKey) // fetched just now
	f.clock.advance(f.Verifier.cfg.MinRefetch)
	f.accepts(es("es2", f.claims()))

	f.idp.publish(jwk("es2", "ES256"))
	f.accepts(old)
	f.pass(f.Verifier.cfg.Refresh)
	f.refuses(old, unknownKey)
	f.accepts(es("es2", f.claims()))
}

func TestAKeyRemovedIsRefusedThoughItsTokenIsInTheCache(t *testing.T) {
	f := running(t)
	old := es("es", f.claims())
	f.clock.advance(f.Verifier.cfg.MinRefetch)
	f.accepts(old)
	f.idp.publish(jwk("es2", "ES256"))
	f.accepts(es("es2", f.claims()))
	f.refuses(old, unknownKey)
}

func TestOnceRunHasEndedKnownKeysStillVerify(t *testing.T) {
	f := running(t)
	f.end()
	f.clock.advance(time.Hour)
	f.accepts(es("es", f.claims()))
	f.refuses(es("new", f.claims()), unknownKey)
	f.Run(context.Background()) // a second one returns
}

func TestFailuresAreRetriedEverMoreSlowly(t *testing.T) {
	f := newFixture(t)
	f.idp.setDiscovery(say(500, ""))
	f.run()
	for range 7 {
		f.pass(maxBackoff)
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
		want *= time.Second
		if got := f.clock.delays[i]; got < max(minBackoff, want*3/4) || got > min(maxBackoff, want*5/4) {
			t.Errorf("retry %d after %s, want about %s", i, got, want)
		}
	}
	f.idp.setDiscovery(say(200, fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, f.idp.URL, f.idp.URL+"/keys")))
	f.pass(maxBackoff)
	refresh := f.Verifier.cfg.Refresh
	if got := f.clock.delays[8]; got < refresh*9/10 || got > refresh {
		t.Errorf("after success the next fetch is in %s", got)
	}

	f.idp.reply(500, "")
	f.pass(refresh)
	if got := f.clock.delays[9]; got > minBackoff*5/4 {
		t.Errorf("the first failure after a success is retried only after %s", got)
	}
}
