package provision

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// Anomaly is a fixed word for a use of keys that is not what they are for.
type Anomaly string

// The anomalies.
const (
	TwoClients   Anomaly = "two-clients"   // one key came from two addresses
	AfterExpiry  Anomaly = "after-expiry"  // a key was used well after its end
	ScopeProbe   Anomaly = "out-of-scope"  // a key was used on a recording it is not for
	IssueBurst   Anomaly = "issue-burst"   // one person asked for many keys
	RefusalBurst Anomaly = "refusal-burst" // one address was refused many times
	CursorBack   Anomaly = "cursor-back"   // a recording was asked for again from before where it was
)

// Revocable are the anomalies upon which a policy may have the key revoked.
var Revocable = []Anomaly{TwoClients, ScopeProbe, RefusalBurst, CursorBack}

// Bursts are counted by the minute.
const (
	burstWindow  = time.Minute
	issuesOdd    = 20 // by one person: told as an anomaly
	issuesMost   = 60 // and more than these are refused
	refusalsMany = 50 // of one address: told as an anomaly
)

// window counts what happened in a minute.
type window struct {
	began time.Duration
	n     int
}

func (w window) next(at time.Duration) window {
	if w.n == 0 || at-w.began >= burstWindow {
		return window{at, 1}
	}
	w.n++
	return w
}

// anomaly tells of something odd, and revokes the key where the policy says so.
func (a *Authority) anomaly(ctx context.Context, kind Anomaly, g *Grant, session string, c *Client) {
	revoke := g != nil && slices.Contains(a.policy.Load().AutoRevoke, kind) && a.clock.now().Before(g.Expires) && !a.revoked.has(g.ID)
	if revoke {
		day, _ := dayOfID(g.ID)
		a.revoked.add(day, g.ID)
		a.drop(g.ID)
	}
	a.floods[record.KeyAnomaly].tell(ctx, string(kind), g, session, c)
	if !revoke {
		return
	}
	from := Client{}
	if c != nil {
		from = *c
	}
	if err := a.revoke(ctx, g, Revocation{ID: g.ID, By: "auto_revoke", Why: string(kind), From: from}); err != nil {
		a.log.Error("a provisioning key is revoked on this gateway only", "key", g.ID, "error", err)
	}
}

// admit counts who asks for keys.
func (a *Authority) admit(ctx context.Context, ask *Ask) error {
	who := ask.Identity.Issuer + "\x00" + ask.Identity.Subject
	n := a.asking.change(who, func(w window) window { return w.next(a.clock.since()) }).n
	if n == issuesOdd {
		f := a.floods[record.KeyAnomaly]
		f.tell(ctx, string(IssueBurst), &Grant{Issuer: ask.Identity.Issuer, Subject: ask.Identity.Subject, Service: a.opts.Service}, "", &ask.From)
	}
	if n > issuesMost {
		return &Refusal{Reason: Busy, Detail: "too many keys were asked for in a minute"}
	}
	return nil
}

// burst counts refusals by address.
func (a *Authority) burst(ctx context.Context, why *Refusal, c *Client) {
	if c == nil || c.IP == "" {
		return
	}
	if a.failing.change(c.IP, func(w window) window { return w.next(a.clock.since()) }).n == refusalsMany {
		a.anomaly(ctx, RefusalBurst, why.Grant, "", c)
	}
}

// words lists anomalies for people.
func words(all []Anomaly) string {
	var list []string
	for _, a := range all {
		list = append(list, string(a))
	}
	return strings.Join(list, ", ")
}
