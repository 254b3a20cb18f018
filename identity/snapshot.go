package identity

import (
	"encoding/json"
	"errors"
	"io/fs"
	"time"
)

// snapshot is the stored form of a keyring.
type snapshot struct {
	Issuer  string            `json:"issuer"`
	JWKSURI string            `json:"jwks_uri"`
	Fetched time.Time         `json:"fetched"`
	Keys    []json.RawMessage `json:"keys"`
}

// restore returns the stored keyring, or nil. A snapshot that does not fit is no
// reason not to start: the provider will be asked anyway.
func (v *Verifier) restore() *keyring {
	if v.cfg.Snapshot == nil {
		return nil
	}
	data, err := v.cfg.Snapshot.Load()
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			v.cfg.Logger.Warn("stored keys cannot be read", "issuer", v.cfg.Issuer, "error", err)
		}
		return nil
	}
	ring, err := v.parseSnapshot(data)
	if err != nil {
		v.cfg.Logger.Warn("stored keys are not used", "issuer", v.cfg.Issuer, "error", err)
		return nil
	}
	return ring
}

func (v *Verifier) parseSnapshot(data []byte) (*keyring, error) {
	var s snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, errors.New("snapshot is not JSON")
	}
	if s.Issuer != v.cfg.Issuer {
		return nil, errors.New("snapshot is of another issuer")
	}
	if err := v.checkJWKSURI(s.JWKSURI); err != nil {
		return nil, err
	}
	set, err := json.Marshal(map[string]any{"keys": s.Keys})
	if err != nil {
		return nil, err
	}
	ring, err := parseKeys(set, v.cfg.Algorithms)
	if err != nil {
		return nil, err
	}
	ring.url, ring.fetched = s.JWKSURI, s.Fetched
	// A clock that was ahead must not make keys last longer than MaxStale.
	if now := v.cfg.Now(); ring.fetched.After(now) {
		ring.fetched = now
	}
	return ring, nil
}

// save stores the ring for the next start. Failing to is loud, not fatal.
func (v *Verifier) save(r *keyring) {
	if v.cfg.Snapshot == nil {
		return
	}
	data, err := json.Marshal(snapshot{Issuer: v.cfg.Issuer, JWKSURI: r.url, Fetched: r.fetched.UTC(), Keys: r.keys})
	if err == nil {
		err = v.cfg.Snapshot.Save(data)
	}
	if err != nil {
		v.cfg.Logger.Error("keys could not be stored: after a restart tokens verify only once the provider is reachable",
			"issuer", v.cfg.Issuer, "error", err)
	}
}
