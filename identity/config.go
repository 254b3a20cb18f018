package identity

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config says whose tokens are accepted. Issuer, Audiences and SessionID are
// required; every other zero field takes its default.
type Config struct {
	// Issuer is the provider's issuer identifier, compared byte for byte with the
	// iss claim and with the discovery document. An https URL without query or
	// fragment; http only for loopback hosts.
	Issuer string
	// Audiences: a token must be meant for at least one of them.
	Audiences []string
	// Algorithms are JWS algorithms of RFC 7518 and RFC 8037. Default: RS256,
	// RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA. Others,
	// "none" and HS256 among them, are refused.
	Algorithms []string
	// Profile is the kind of token: "access" (default), "at+jwt" or "any".
	//
	// "access" takes header typ at+jwt; with JWT or none it wants a claim that
	// only access tokens have (scope, scp, client_id, cid, roles, gty,
	// permissions, typ Bearer, token_use access), and refuses what looks like an
	// ID token: claim nonce, at_hash or c_hash, or a typ claim of ID.
	// "at+jwt" takes RFC 9068 tokens only. "any" takes ID tokens too, and then
	// requires azp, if there is one, to be among Audiences. All refuse logout,
	// refresh and other security event tokens.
	Profile string
	// Leeway is the clock difference allowed for exp, nbf and iat. Default 30 s,
	// at most 5 min.
	Leeway time.Duration
	// MinRefetch is the least time between two fetches that tokens with an
	// unknown key cause, whatever their number. Default 10 s.
	MinRefetch time.Duration
	// Refresh is the time between regular fetches, and so the longest a removed
	// key is still accepted while the provider is up. Default 15 min.
	Refresh time.Duration
	// MaxStale is how long keys are used since they were last fetched. Default
	// 24 h.
	MaxStale time.Duration
	// Client fetches discovery document and key set. Default: its own, 10 s
	// timeout. Without a timeout or redirect policy of its own it gets ours.
	Client *http.Client
	// Snapshot keeps keys over restarts. Optional.
	Snapshot Snapshot
	// SessionID turns the parts that identify a session into its name. It must be
	// a keyed hash, stable over restarts, under which different lists of parts
	// give different names.
	SessionID func(parts ...string) string
	// CacheSize is the number of verified tokens remembered. Default 4096.
	CacheSize int
	// Logger hears about fetches, never about tokens. Default: nobody.
	Logger *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Snapshot stores the last good key set. Whoever can write it decides which keys
// are trusted until the next fetch: keep it as safe as the configuration. Calls
// come one at a time; fetching waits for them, verifying does not.
type Snapshot interface {
	// Load returns what Save was given last; an error wrapping fs.ErrNotExist if
	// there is nothing.
	Load() ([]byte, error)
	// Save keeps data, replacing what was there.
	Save(data []byte) error
}

const (
	profileAccess   = "access"
	profileATJWT    = "at+jwt"
	profileAny      = "any"
	defaultTimeout  = 10 * time.Second
	maxLeeway       = 5 * time.Minute
	defaultCacheLen = 4096
)

var allAlgorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
}

// complete checks c and fills in the defaults.
func (c Config) complete() (Config, error) {
	if err := checkURL("issuer", c.Issuer, true); err != nil {
		return c, err
	}
	if u, _ := url.Parse(c.Issuer); u.RawQuery != "" || u.ForceQuery {
		return c, errors.New("issuer must not have a query (OpenID Connect Discovery 1.0, section 3)")
	}
	if len(c.Audiences) == 0 || slices.Contains(c.Audiences, "") {
		return c, errors.New("at least one audience is required and none may be empty: name the one your provider puts into tokens for this API")
	}
	if c.SessionID == nil {
		return c, errors.New("a keyed hash for session names is required")
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = allAlgorithms
	}
	for _, a := range c.Algorithms {
		if !slices.Contains(allAlgorithms, a) {
			return c, fmt.Errorf("algorithm %q is not accepted: take some of %s", a, strings.Join(allAlgorithms, ", "))
		}
	}
	switch c.Profile {
	case "":
		c.Profile = profileAccess
	case profileAccess, profileATJWT, profileAny:
	default:
		return c, fmt.Errorf("profile %q is unknown: take access, at+jwt or any", c.Profile)
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"leeway", &c.Leeway, 30 * time.Second},
		{"min refetch", &c.MinRefetch, 10 * time.Second},
		{"refresh", &c.Refresh, 15 * time.Minute},
		{"max stale", &c.MaxStale, 24 * time.Hour},
	} {
		if *d.value < 0 {
			return c, fmt.Errorf("%s must not be negative", d.name)
		}
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	if c.Leeway > maxLeeway {
		return c, fmt.Errorf("leeway %s is more than %s: set the clocks right instead", c.Leeway, maxLeeway)
	}
	if c.MinRefetch > c.Refresh || c.Refresh > c.MaxStale {
		return c, fmt.Errorf("min refetch %s, refresh %s and max stale %s must be in ascending order", c.MinRefetch, c.Refresh, c.MaxStale)
	}
	if c.CacheSize < 0 {
		return c, errors.New("cache size must not be negative")
	}
	if c.CacheSize == 0 {
		c.CacheSize = defaultCacheLen
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Client = boundedClient(c.Client)
	return c, nil
}

// checkURL accepts https URLs, and http ones of loopback hosts if loopback is set.
func checkURL(what, raw string, loopback bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Opaque != "" || strings.Contains(raw, "#"):
		return fmt.Errorf("%s must be an absolute URL without user or fragment, such as https://id.example.com", what)
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%s %q must be https: over http anybody on the way can give you keys", what, raw)
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
