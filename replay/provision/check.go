package provision

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"net/netip"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// Client is who sends a request.
type Client struct {
	// IP is the client's address, past trusted proxies.
	IP string
	// Record is how records show the client, Exchange the request's id there.
	// They may be left out.
	Record   *record.Client
	Exchange string
	// Proofs are the values of the request's DPoP header (RFC 9449 section 4).
	Proofs []string
	// Method and URL are the request's, as a proof names them; the URL has a
	// scheme and a host.
	Method, URL string
}

// verified is a key whose signature was right.
type verified struct {
	grant *Grant
	until time.Time // when it is to be looked at again
}

// remembering is a key that was refused.
type remembering struct {
	reason Reason
	grant  *Grant // once its signature was right
	until  time.Time
	told   bool // that an expired one is in use is an anomaly that was told
}

// Check says whether the key in an Authorization header may be used by a
// client, and gives a lease of it. The scheme is Bearer, or DPoP exactly if the
// key is bound to a DPoP key. The error is a [*Refusal]; it is on record, or
// counted where there is a flood of them.
func (a *Authority) Check(ctx context.Context, authorization string, c Client) (*Lease, error) {
	u, refusal := a.check(ctx, authorization, &c)
	if refusal == nil {
		var l *Lease
		if l, refusal = u.lease(c); refusal == nil {
			return l, nil
		}
	}
	a.refused(ctx, refusal, "", &c)
	return nil, refusal
}

func (a *Authority) check(ctx context.Context, authorization string, c *Client) (*Use, *Refusal) {
	if authorization == "" {
		return nil, &Refusal{Reason: Missing}
	}
	scheme, key, _ := strings.Cut(authorization, " ")
	proves := strings.EqualFold(scheme, "DPoP")
	if !proves && !strings.EqualFold(scheme, "Bearer") || len(key) > maxKey {
		return nil, &Refusal{Reason: Malformed}
	}
	sum := sha256.Sum256([]byte(key))
	now := a.clock.now()
	g, refusal := a.verify(sum, key, now)
	if refusal != nil {
		return nil, refusal
	}
	if !now.Before(g.Expires) {
		a.afterExpiry(ctx, sum, g, now, c)
		return nil, &Refusal{Reason: Expired, Grant: g}
	}
	if !a.revoked.known(ctx, a) {
		return nil, &Refusal{Reason: Unsure, Grant: g}
	}
	if a.revoked.has(g.ID) {
		return nil, &Refusal{Reason: Revoked, Grant: g}
	}
	if proves != (g.Client.Thumbprint != "") {
		return nil, &Refusal{Reason: WrongProof, Grant: g}
	}
	if proves {
		if reason := a.proofs.check(c, g.Client.Thumbprint, sum, now); reason != "" {
			return nil, &Refusal{Reason: reason, Grant: g}
		}
	}
	if g.Client.IP != "" && !sameAddress(g.Client.IP, c.IP) {
		a.anomaly(ctx, TwoClients, g, "", c)
		return nil, &Refusal{Reason: WrongClient, Grant: g}
	}
	u, err := a.use(g, false)
	if err != nil {
		return nil, err
	}
	if g.Client.IP == "" && !u.from(c.IP) {
		a.anomaly(ctx, TwoClients, g, "", c)
		if a.revoked.has(g.ID) {
			return nil, &Refusal{Reason: Revoked, Grant: g}
		}
	}
	return u, nil
}

// verify says what a key stands for, whether or not it is over. sum is its
// SHA-256.
func (a *Authority) verify(sum [sha256.Size]byte, key string, now time.Time) (*Grant, *Refusal) {
	if v, ok := a.verified.get(sum); ok && now.Before(v.until) {
		return v.grant, nil
	}
	if r, ok := a.refusals.get(sum); ok && now.Before(r.until) {
		if r.reason == Expired {
			return r.grant, nil
		}
		return nil, &Refusal{Reason: r.reason, Grant: r.grant}
	}
	g, reason := a.read(key, now)
	if reason != "" {
		a.refusals.put(sum, &remembering{reason: reason, grant: g, until: now.Add(remember)})
		return nil, &Refusal{Reason: reason, Grant: g}
	}
	if until := now.Add(remember); until.Before(g.Expires) {
		a.verified.put(sum, &verified{g, until})
	} else if now.Before(g.Expires) {
		a.verified.put(sum, &verified{g, g.Expires})
	}
	return g, nil
}

// read parses and verifies a key. Nothing in it is looked at before its
// signature is known to be right.
func (a *Authority) read(key string, now time.Time) (*Grant, Reason) {
	p, err := split(key)
	if err != nil {
		return nil, Malformed
	}
	signer, reason := a.keys.verifying(p.kid, now, a.policy.Load().MaxTTL, skew)
	if reason != "" {
		return nil, reason
	}
	if !ed25519.Verify(signer.public, []byte(p.signed), p.signature) {
		return nil, Forged
	}
	g, err := p.open()
	switch {
	case err != nil || g.Expires.Sub(g.Issued) > MaxLifetime || !g.Issued.Before(g.Expires) || periodOf(g.Issued) != signer.period:
		return nil, Malformed
	case g.Service != a.opts.Service:
		return g, Foreign
	case g.Issued.After(now.Add(skew)):
		return g, NotYetValid
	}
	return g, ""
}

// grace is how long after its end the use of a key is taken for a request that
// was under way.
const grace = 5 * time.Second

// afterExpiry remembers a key that is used after its end, and tells of it: once
// a minute.
func (a *Authority) afterExpiry(ctx context.Context, sum [sha256.Size]byte, g *Grant, now time.Time, c *Client) {
	late := now.Sub(g.Expires) >= grace
	if r, ok := a.refusals.get(sum); ok && r.reason == Expired && now.Before(r.until) && (r.told || !late) {
		return
	}
	a.refusals.put(sum, &remembering{reason: Expired, grant: g, until: now.Add(remember), told: late})
	if late {
		a.anomaly(ctx, AfterExpiry, g, "", c)
	}
}

// sameAddress compares IP addresses, however they are written.
func sameAddress(a, b string) bool {
	if a == b {
		return true
	}
	x, err := netip.ParseAddr(a)
	if err != nil {
		return false
	}
	y, err := netip.ParseAddr(b)
	return err == nil && x.Unmap().WithZone("") == y.Unmap().WithZone("")
}
