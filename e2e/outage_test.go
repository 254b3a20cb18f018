package e2e

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
)

func TestAProviderThatIsAwayAtTheStartIsWaitedForWithoutAReload(t *testing.T) {
	p := ownIssuer(t)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, p)
	token := w.service("service")
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	w.start()
	a := w.post("/orders", token, order("chair", 1))
	w.want(a, http.StatusServiceUnavailable, "issuer-unavailable")
	if n, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || n < 1 {
		t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
	}
	w.wantDenied("oidc_auth", http.StatusServiceUnavailable, "issuer-unavailable")

	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, "requests are served", func() bool {
		return w.post("/orders", token, order("chair", 1)).Status == http.StatusOK
	})
}

func TestWithTheProviderAwayKnownKeysGoOnVerifyingAlsoThroughARestart(t *testing.T) {
	p := ownIssuer(t)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, p).start()
	token := w.service("service")
	unseen := w.service("service") // not in any cache of verified tokens
	w.want(w.post("/orders", token, order("chair", 1)), http.StatusOK, "")
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	w.want(w.post("/orders", unseen, order("chair", 1)), http.StatusOK, "")
	w.stop()
	w.start()
	w.want(w.post("/orders", token, order("chair", 1)), http.StatusOK, "")
	w.want(w.post("/orders", changed(token), order("chair", 1)), http.StatusUnauthorized, "token-signature")
}

func TestARotatedKeyIsAcceptedAndTheOldOneNoMore(t *testing.T) {
	p := ownIssuer(t)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, p).start()
	old := w.service("service")
	w.want(w.post("/orders", old, order("chair", 1)), http.StatusOK, "")
	if err := p.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := w.service("service")
	wait.Until(t, "the new key is accepted", func() bool {
		return w.post("/orders", token, order("chair", 1)).Status == http.StatusOK
	})
	w.want(w.post("/orders", old, order("chair", 1)), http.StatusUnauthorized, "token-unknown-key")
}
