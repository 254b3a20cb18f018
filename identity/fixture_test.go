package identity

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const audience = "orders-api"

// memory is a Snapshot in memory.
type memory struct {
	mu   sync.Mutex
	data []byte
	err  error
}

func (m *memory) Load() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.data, m.err
}

func (m *memory) Save(b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data = b
	return m.err
}

// fixture is a verifier with its issuer and clock.
type fixture struct {
	*Verifier
	t     testing.TB
	idp   *issuer
	clock *clock
	cfg   Config
	end   func()
}

func sessionID(parts ...string) string { return strings.Join(parts, "|") }

// newFixture makes a verifier that is not running yet.
func newFixture(t testing.TB, alter ...func(*Config)) *fixture {
	return fixtureOf(t, newIssuer(t), newClock(), alter...)
}

func fixtureOf(t testing.TB, idp *issuer, c *clock, alter ...func(*Config)) *fixture {
	cfg := Config{Issuer: idp.URL, Audiences: []string{audience}, SessionID: sessionID, Now: c.Now}
	for _, a := range alter {
		a(&cfg)
	}
	v, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	v.source.after = c.after
	return &fixture{Verifier: v, t: t, idp: idp, clock: c, cfg: cfg}
}

// run starts the verifier and waits until its first fetch is over.
func (f *fixture) run() *fixture {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Run(ctx)
	}()
	f.end = sync.OnceFunc(func() { cancel(); <-done })
	f.t.Cleanup(f.end)
	f.idle()
	return f
}

// idle waits until no fetch is under way.
func (f *fixture) idle() { f.clock.await(true, 1) }

// pass lets time go by, and a fetch that falls due with it.
func (f *fixture) pass(d time.Duration) {
	f.idle()
	f.clock.advance(d)
	f.idle()
}

func running(t testing.TB, alter ...func(*Config)) *fixture {
	t.Helper()
	return newFixture(t, alter...).run()
}

func (f *fixture) accepts(raw string) *Identity {
	f.t.Helper()
	id, err := f.Verify(context.Background(), raw)
	if err != nil {
		f.t.Fatalf("a good token is refused: %v", err)
	}
	return id
}

func (f *fixture) refuses(raw, reason string) *TokenError {
	f.t.Helper()
	id, err := f.Verify(context.Background(), raw)
	te, ok := errors.AsType[*TokenError](err)
	if !ok || id != nil {
		f.t.Fatalf("got identity %v, error %v; want it refused for %s", id, err, reason)
	}
	if te.Reason != reason {
		f.t.Fatalf("refused for %s, want %s", te.Reason, reason)
	}
	return te
}

func (f *fixture) unavailable(raw string) *UnavailableError {
	f.t.Helper()
	_, err := f.Verify(context.Background(), raw)
	ue, ok := errors.AsType[*UnavailableError](err)
	if !ok {
		f.t.Fatalf("got %v, want unavailable", err)
	}
	return ue
}

// claims are those of a good access token; with() alters them.
func (f *fixture) claims() map[string]any {
	now := f.clock.Now().Unix()
	return map[string]any{
		"iss": f.idp.URL, "sub": "alice", "aud": audience, "exp": now + 3600, "iat": now, "jti": "t1", "scope": "orders",
	}
}
