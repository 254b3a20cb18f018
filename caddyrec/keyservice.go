package caddyrec

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/replay/provision"
)

// KeyService is the provisioning keys of one service, as one configuration wants
// them. Configurations of one log share the keys, so that a reload ends nothing.
type KeyService struct {
	app   *App
	name  string
	terms keyTerms
}

// keyTerms are what configurations may say differently about keys.
type keyTerms struct {
	policy provision.Policy
	watch  func(provision.Event)
}

// KeyService registers a service; an empty name stands for the log's. watch is
// told what happens to keys while the configuration is in force, and must not
// block. Nothing is opened until the app starts.
func (a *App) KeyService(name string, p provision.Policy, watch func(provision.Event)) (*KeyService, error) {
	if name == "" {
		name = a.Log
	}
	p, err := p.Complete()
	if err != nil {
		return nil, err
	}
	for _, s := range a.keyServices {
		if s.name != name {
			continue
		}
		if !s.terms.policy.Equal(p) {
			return nil, fmt.Errorf("two session_replay are of the service %s, with other settings: give one another name with service", name)
		}
		return s, nil // and one of the two watches
	}
	s := &KeyService{app: a, name: name, terms: keyTerms{p, watch}}
	a.keyServices = append(a.keyServices, s)
	return s, nil
}

// Authority issues and checks the keys of s for a visit.
func (s *KeyService) Authority(v *Visit) (*provision.Authority, error) {
	k, err := v.gateway.keyServices.open(v.gateway, s)
	if err != nil {
		return nil, err
	}
	return k.Authority, nil
}

// keyAuthority is an authority with the configurations that have it.
type keyAuthority struct {
	*provision.Authority
	terms inForce[keyTerms]
}

// keyServices are a gateway's, by name.
type keyServices struct {
	mu     sync.Mutex
	all    map[string]*keyAuthority
	closed bool
}

// open finds or makes an authority. A request may come before its configuration
// has started, and another when that has been replaced.
func (k *keyServices) open(g *Gateway, s *KeyService) (*keyAuthority, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, errClosed
	}
	a := k.all[s.name]
	if a == nil {
		var err error
		if a, err = k.make(g, s); err != nil {
			return nil, err
		}
		if k.all == nil {
			k.all = map[string]*keyAuthority{}
		}
		k.all[s.name] = a
	}
	return a, nil
}

// hold puts in force what s says.
func (k *keyServices) hold(g *Gateway, s *KeyService) error {
	a, err := k.open(g, s)
	if err != nil {
		return err
	}
	a.terms.hold(s.app, s.terms)
	return a.SetPolicy(s.terms.policy)
}

func (k *keyServices) make(g *Gateway, s *KeyService) (*keyAuthority, error) {
	secret, err := ledger.LoadSecret(filepath.Join(g.dir, "keys"), s.name+".provision.key")
	if err != nil {
		return nil, err
	}
	a := &keyAuthority{}
	a.Authority, err = provision.New(provision.Options{
		Service: s.name, Secret: secret, Store: g.objects, Recorder: patient{g}, Policy: s.terms.policy,
		Logger: g.live.slog("caddyrec.keys"),
		Watch: func(e provision.Event) {
			metrics.keys.WithLabelValues(g.name, string(e.Type), e.Reason).Inc()
			if t := a.terms.get(); t != nil {
				t.watch(e)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	g.background.Go(func() { a.Run(g.life) })
	return a, nil
}

// release takes back what an app's services said.
func (k *keyServices) release(by *App) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, a := range k.all {
		a.terms.release(by)
		if t := a.terms.get(); t != nil {
			_ = a.SetPolicy(t.policy) // it was in force before
		}
	}
}

// close ends what is shown for keys.
func (k *keyServices) close() {
	k.mu.Lock()
	k.closed = true
	all := k.all
	k.mu.Unlock()
	for _, a := range all {
		a.Close()
	}
}

// revokeKey revokes a key of any of the gateway's services.
func (g *Gateway) revokeKey(ctx context.Context, v provision.Revocation) error {
	g.keyServices.mu.Lock()
	var all []*keyAuthority
	for _, a := range g.keyServices.all {
		all = append(all, a)
	}
	g.keyServices.mu.Unlock()
	var err error = &provision.Refusal{Reason: provision.NotFound}
	for _, a := range all {
		if err = a.Revoke(ctx, v); provision.ReasonOf(err) != provision.NotFound {
			return err
		}
	}
	return err
}

// startKeys opens the services that the configuration names.
func (a *App) startKeys() error {
	for _, s := range a.keyServices {
		if err := a.run.gateway.keyServices.hold(a.run.gateway, s); err != nil {
			return fmt.Errorf("the provisioning keys of service %s: %w", s.name, err)
		}
	}
	return nil
}
