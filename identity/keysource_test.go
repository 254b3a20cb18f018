package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Must-pass test 6.
func TestFloodsOfUnknownKeysAndBadSignaturesCostNearlyNoFetch(t *testing.T) {
	f := running(t)
	f.clock.advance(f.Verifier.cfg.MinRefetch)
	before := f.idp.keyGets.Load()
	const n = 10_000
	claims := f.claims()
	forged := es("es", with(claims, "sub", "mallory"))
	forged = forged[:strings.LastIndexByte(forged, '.')]
	good := es("es", claims)
	sig := good[strings.LastIndexByte(good, '.'):]
	template := es("KID", claims)
	body := template[strings.IndexByte(template, '.'):]

	var wg sync.WaitGroup
	check := func(i int, raw, reason string) {
		_, err := f.Verify(context.Background(), raw)
		te, _ := errors.AsType[*TokenError](err)
		switch {
		case reason == "" && err != nil:
			t.Errorf("valid token %d is refused: %v", i, err)
		case reason != "" && (te == nil || te.Reason != reason):
			t.Errorf("token %d: got %v, want %s", i, err, reason)
		}
	}
	wg.Go(func() {
		for i := range n {
			check(i, b64(fmt.Sprintf(`{"alg":"ES256","kid":"random-%d"}`, i))+body, unknownKey)
		}
	})
	wg.Go(func() {
		for i := range n {
			check(i, forged+sig, signature)
		}
	})
	wg.Go(func() {
		for i := range 500 { // none from the cache
			check(i, es("es", with(claims, "jti", fmt.Sprint(i))), "")
		}
	})
	wg.Wait()
	if got := f.idp.keyGets.Load() - before; got != 1 {
		t.Errorf("%d fetches, want the one that MinRefetch allows", got)
	}
	if got := f.idp.discovers.Load(); got != 1 {
		t.Errorf("%d discoveries, want the one at start", got)
	}
	for range 3 {
		f.idle()
		f.clock.advance(f.Verifier.cfg.MinRefetch)
		for i := range 100 {
			check(i, b64(fmt.Sprintf(`{"alg":"ES256","kid":"random-%d"}`, i))+body, unknownKey)
		}
	}
	if got := f.idp.keyGets.Load() - before; got != 4 {
		t.Errorf("%d fetches, want one for each MinRefetch", got)
	}
}

func TestATokenItsOwnClaimsCondemnCostsNoFetch(t *testing.T) {
	f := running(t)
	f.clock.advance(f.Verifier.cfg.MinRefetch)
	before := f.idp.keyGets.Load()
	f.refuses(es("unknown", with(f.claims(), "exp", 1)), expired)
	f.refuses(es("unknown", with(f.claims(), "iss", "https://other.example")), wrongIssuer)
	if got := f.idp.keyGets.Load() - before; got != 0 {
		t.Errorf("%d fetches, want none", got)
	}
}

// Must-pass test 7.
func TestBadKeySetRepliesLeaveTheLastGoodKeys(t *testing.T) {
	release := make(chan struct{})
	es256 := jwk("es", "ES256")
	for what, reply := range map[string]http.HandlerFunc{
		"an empty object":       say(200, `{}`),
		"no keys":               say(200, `{"keys":[]}`),
		"null keys":             say(200, `{"keys":null}`),
		"keys that are no list": say(200, `{"keys":"x"}`),
		"only unusable keys":    say(200, jwks(with(es256, "use", "enc"))),
		"duplicate members":     say(200, `{"keys":[],`+jwks(jwk("es", "EdDSA"))[1:]),
		"HTML":                  say(200, `<!doctype html><title>Maintenance</title>`),
		"an error":              say(500, jwks(es256)),
		"no content":            say(204, ""),
		"an empty reply":        say(200, ""),
		"cut JSON":              say(200, jwks(es256)[:40]),
		"10 MiB":                say(200, `{"x":"`+strings.Repeat("x", 10<<20)+`",`+jwks(es256)[1:]),
		"a redirect elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://localhost:1/keys", http.StatusFound)
		},
		"a broken connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a hang": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			f := running(t, func(c *Config) {
				c.Client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
				if what == "a hang" {
					c.Client.Timeout = 50 * time.Millisecond
				}
			})
			before := f.idp.keyGets.Load()
			f.idp.setKeys(reply)
			f.pass(f.Verifier.cfg.Refresh)
			if f.idp.keyGets.Load() == before {
				t.Fatal("nothing was fetched")
			}
			f.accepts(es("es", f.claims()))
			f.accepts(joseSign(t, "EdDSA", "ed", f.claims()))

			f.idp.publish(jwk("new", "ES256")) // and it recovers by itself
			f.pass(maxBackoff)
			f.accepts(es("new", f.claims()))
		})
	}
	close(release)
}

func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestWithoutKeysThereIsNoAnswerYet(t *testing.T) {
	f := newFixture(t)
	f.idp.setDiscovery(say(500, ""))
	f.run()
	ue := f.unavailable(es("es", f.claims()))
	if ue.Issuer != f.idp.URL || ue.RetryAfter < time.Second {
		t.Errorf("unavailable error is %+v", ue)
	}
	f.refuses("not a token", malformed) // whatever the keys
	f.refuses(es("es", with(f.claims(), "exp", 1)), expired)
}

func TestTheFirstRequestWaitsForTheFirstKeys(t *testing.T) {
	f := newFixture(t)
	raw := es("es", f.claims())
	result := make(chan error, 1)
	go func() {
		_, err := f.Verify(context.Background(), raw)
		result <- err
	}()
	f.clock.await(false, 1)
	f.run()
	if err := <-result; err != nil {
		t.Error(err)
	}
}

func TestARequestWaitsForAFetchOnlySoLong(t *testing.T) {
	release, entered := make(chan struct{}), make(chan struct{}, 1)
	f := running(t)
	f.idp.setKeys(func(_ http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	f.clock.advance(f.Verifier.cfg.MinRefetch)
	raw := es("new", f.claims())
	result := make(chan error, 2)
	verify := func(ctx context.Context) {
		_, err := f.Verify(ctx, raw)
		result <- err
	}
	go verify(context.Background())
	<-entered
	f.accepts(es("es", f.claims())) // known keys wait for nothing
	ctx, cancel := context.WithCancel(context.Background())
	go verify(ctx)
	f.clock.await(false, 2)
	cancel() // of one request, not of the fetch
	f.clock.await(false, 1)
	f.clock.advance(maxWait)
	for range 2 {
		if te, ok := errors.AsType[*TokenError](<-result); !ok || te.Reason != unknownKey {
			t.Errorf("got %v, want unknown-key", te)
		}
	}
	f.source.mu.Lock()
	defer f.source.mu.Unlock()
	if f.source.flight == nil {
		t.Error("the fetch was waited for, or ended with a request")
	}
}

func TestOnlySoManyRequestsWait(t *testing.T) {
	f := newFixture(t) // its first fetch is due, and never comes
	raw := es("es", f.claims())
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range maxWaiters {
		wg.Go(func() { _, _ = f.Verify(ctx, raw) })
	}
	f.clock.await(false, maxWaiters)
	f.unavailable(raw) // at once
	cancel()
	wg.Wait()
}
