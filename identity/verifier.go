package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	jose "github.com/go-jose/go-jose/v4"
)

// Verifier verifies the tokens of one issuer. It is safe for concurrent use.
type Verifier struct {
	cfg    Config
	source *keySource
	oidc   *oidc.Config
}

// New returns a verifier for cfg, or an error saying what to change. It does not
// use the network: it starts with the keys of the snapshot, if there are any, and
// [Verifier.Run] fetches.
func New(cfg Config) (*Verifier, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	v := &Verifier{cfg: cfg}
	v.source = newKeySource(v)
	if ring := v.restore(); ring != nil {
		v.source.store(ring)
	}
	v.oidc = &oidc.Config{
		SupportedSigningAlgs: cfg.Algorithms,
		SkipClientIDCheck:    true, // it knows one audience, the claim layer any number
		Now:                  func() time.Time { return cfg.Now().Add(-cfg.Leeway) },
	}
	return v, nil
}

// Verify returns the identity a compact JWT stands for. The error is a
// [*TokenError] if the token is refused, an [*UnavailableError] if it cannot be
// judged now. Only a token with an unknown key, or one that comes before the first
// keys do, ever waits: for at most 2 s, or until ctx ends.
func (v *Verifier) Verify(ctx context.Context, raw string) (*Identity, error) {
	if len(raw) > maxToken {
		return nil, &TokenError{Reason: tooLarge}
	}
	now := v.cfg.Now()
	sum := sha256.Sum256([]byte(raw))
	if ring := v.source.ring.Load(); ring.fresh(now, v.cfg.MaxStale) {
		if e, ok := ring.cache.get(sum, now); ok && v.checkTime(e.id.Expires, e.notBefore, now) == "" {
			return e.id, nil
		}
	}
	t, reason := parseToken(raw)
	if reason != "" {
		return nil, &TokenError{Reason: reason, Unverified: t.unverified()}
	}
	id, err := v.verify(ctx, t, sum, now)
	if te, ok := errors.AsType[*TokenError](err); ok {
		te.Unverified = t.unverified()
	}
	return id, err
}

// verify judges a token that could be read. Claims come first, because a token
// they condemn need not cost a fetch; but where its key is known, a bad signature
// is the reason given, for nothing else in the token is worth believing.
func (v *Verifier) verify(ctx context.Context, t *token, sum [sha256.Size]byte, now time.Time) (*Identity, error) {
	if !slices.Contains(v.cfg.Algorithms, t.alg) {
		return nil, &TokenError{Reason: algorithm}
	}
	c, reason := v.check(t, now)
	if reason == wrongIssuer {
		return nil, &TokenError{Reason: reason}
	}
	ring, keys, err := v.source.find(ctx, t.kid, reason == "")
	if err != nil {
		if reason != "" {
			return nil, &TokenError{Reason: reason}
		}
		return nil, err
	}
	keys = slices.DeleteFunc(slices.Clone(keys), func(k publicKey) bool { return !k.fits(t.alg) })
	if len(keys) == 0 {
		return nil, &TokenError{Reason: algorithm}
	}
	set := &foundKeys{token: t, keys: keys}
	_, err = oidc.NewVerifier(v.cfg.Issuer, set, v.oidc).Verify(ctx, t.raw)
	switch {
	case !set.verified:
		return nil, &TokenError{Reason: signature}
	case reason != "":
		return nil, &TokenError{Reason: reason}
	case err != nil: // go-oidc reads claims the claim layer does not
		return nil, &TokenError{Reason: badClaims}
	}
	id := &Identity{
		Issuer:  v.cfg.Issuer,
		Subject: c.subject,
		Claims:  t.claims,
		Session: v.session(t, c),
		Expires: c.expires,
	}
	ring.cache.put(sum, cached{id: id, notBefore: c.notBefore, until: now.Add(cacheFor)})
	return id, nil
}

// foundKeys is the oidc.KeySet of one token: the keys its header chose. The
// outcome is kept here because go-oidc does not wrap the error.
type foundKeys struct {
	token    *token
	keys     []publicKey
	verified bool
}

// VerifySignature implements oidc.KeySet.
func (f *foundKeys) VerifySignature(_ context.Context, raw string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(f.token.alg)})
	if err != nil {
		return nil, err
	}
	for _, k := range f.keys {
		if payload, err := jws.Verify(k.key); err == nil {
			f.verified = true
			return payload, nil
		}
	}
	return nil, errors.New("signature does not verify")
}
