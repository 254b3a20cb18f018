package caddyrec

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/identity"
)

// Provider is one way of verifying tokens: an issuer with its audiences and
// profile. Configurations that ask for the same share one, so that a reload
// keeps the keys.
type Provider struct {
	app    *App
	config identity.Config
	key    string
	logger *zap.Logger

	once   sync.Once
	shared *sharedVerifier
	err    error
}

// ProviderConfig is what a handler asks of a [Provider].
type ProviderConfig struct {
	Issuer     string
	Audiences  []string
	Algorithms []string
	Profile    string
	Leeway     time.Duration
}

// Provider registers a way of verifying tokens. It touches no network until
// the app starts.
func (a *App) Provider(c ProviderConfig, logger *zap.Logger) (*Provider, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	p := &Provider{
		app:    a,
		config: identity.Config{Issuer: c.Issuer, Audiences: c.Audiences, Algorithms: c.Algorithms, Profile: c.Profile, Leeway: c.Leeway},
		logger: logger,
	}
	p.key = a.gatewayKey() + "\x00" + string(text)
	// The verifier says what is wrong with the settings; nothing is fetched.
	probe := p.config
	probe.SessionID = func(...string) string { return "" }
	if _, err := identity.New(probe); err != nil {
		return nil, err
	}
	a.providers = append(a.providers, p)
	return p, nil
}

// Verify checks a bearer token. See [identity.Verifier.Verify].
func (p *Provider) Verify(ctx context.Context, token string) (*identity.Identity, error) {
	if err := p.start(); err != nil {
		return nil, &identity.UnavailableError{Issuer: p.config.Issuer, RetryAfter: time.Second, Err: err}
	}
	return p.shared.Verify(ctx, token)
}

type sharedVerifier struct {
	*identity.Verifier
	cancel context.CancelFunc
	done   chan struct{}
}

var verifiers = caddy.NewUsagePool()

// start takes the shared verifier, once: when the app starts, or at the first
// request, since the http app may be started before.
func (p *Provider) start() error {
	p.once.Do(func() {
		g, err := p.app.open()
		if err != nil {
			p.err = err
			return
		}
		v, _, err := verifiers.LoadOrNew(p.key, func() (caddy.Destructor, error) { return p.newVerifier(g) })
		if err != nil {
			p.err = fmt.Errorf("issuer %s: %w", p.config.Issuer, err)
			return
		}
		p.shared = v.(*sharedVerifier)
	})
	return p.err
}

func (p *Provider) newVerifier(g *Gateway) (*sharedVerifier, error) {
	c := p.config
	c.SessionID = g.sessionID
	c.Snapshot = snapshotFile(filepath.Join(g.dir, "cache"), c.Issuer)
	c.Logger = g.live.slog("caddyrec.identity")
	v, err := identity.New(c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &sharedVerifier{Verifier: v, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		v.Run(ctx)
	}()
	return s, nil
}

// stop gives the verifier back. Requests still under way keep it: only its
// refresh ends, and only if no other configuration has it.
func (p *Provider) stop() {
	p.once.Do(func() { p.err = errClosed })
	if p.shared == nil {
		return
	}
	if _, err := verifiers.Delete(p.key); err != nil {
		p.logger.Error("stopping the verifier", zap.Error(err))
	}
}

// Destruct ends the refresh.
func (s *sharedVerifier) Destruct() error {
	s.cancel()
	<-s.done
	return nil
}

// sessionID names a session by a keyed hash: stable over restarts, and not the
// provider's own id, which may be a credential there.
func (g *Gateway) sessionID(parts ...string) string {
	return "s_" + hex.EncodeToString(g.keys.MAC("session", parts...)[:12])
}
