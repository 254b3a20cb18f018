package provision

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/caddyrec/caddyrec/record"
)

// Bounds of a key.
const (
	// MaxLifetime is the longest that any policy may let a key live.
	MaxLifetime = 24 * time.Hour
	// MaxSessions is how many recordings one key may be good for.
	MaxSessions = 64
	// MaxPurpose is how long a purpose may be, in bytes.
	MaxPurpose = 512
	// maxName bounds an issuer and a subject, in bytes.
	maxName = 512
)

// Scope is what a key shows: some recordings, and of each the part that
// happened in a range of time.
type Scope struct {
	// Sessions are the ids of the recorded sessions.
	Sessions []string
	// From and Until bound what is shown, From included, Until not; zero: no
	// bound.
	From, Until time.Time
}

// Covers says whether a session is in the scope.
func (s Scope) Covers(session string) bool { return slices.Contains(s.Sessions, session) }

// In says whether a moment is in the scope's range.
func (s Scope) In(t time.Time) bool {
	return (s.From.IsZero() || !t.Before(s.From)) && (s.Until.IsZero() || t.Before(s.Until))
}

// Binding is the client that alone may use a key. The zero value binds it to
// none; one of the two may be set.
type Binding struct {
	// IP is an address.
	IP string
	// Thumbprint is the SHA-256 thumbprint (RFC 7638) of the public key that
	// the client proves to have (DPoP, RFC 9449): 43 characters of base64url.
	Thumbprint string
}

// String is the binding as records write it; empty for none.
func (b Binding) String() string {
	switch {
	case b.Thumbprint != "":
		return "jkt:" + b.Thumbprint
	case b.IP != "":
		return "ip:" + b.IP
	}
	return ""
}

// Grant is what a key stands for.
type Grant struct {
	// ID names the key: a UUID version 7. It may be told to anybody.
	ID string
	// Kid names the signing key.
	Kid string
	// Issuer and Subject are whom the key was issued to.
	Issuer, Subject string
	// Service is the service that the key is good for.
	Service string
	Scope   Scope
	// Purpose is what the key was asked for.
	Purpose string
	// Issued and Expires bound the key's life, in whole milliseconds.
	Issued, Expires time.Time
	Client          Binding
	// MaxFrames is how many frames may be shown for the key, by all of its
	// leases; 0: no bound.
	MaxFrames int64
}

// Identity is whom the key was issued to, as records write it.
func (g *Grant) Identity() *record.Identity {
	return &record.Identity{Issuer: g.Issuer, Subject: g.Subject}
}

// Ask is what somebody asks a key for.
type Ask struct {
	// Identity is who asks, and whom the key is issued to.
	Identity record.Identity
	Scope    Scope
	// Purpose says what it is for. It is required, and goes into the records:
	// mask it first.
	Purpose string
	// Lifetime is how long the key is good; 0: as the policy has it.
	Lifetime  time.Duration
	Client    Binding
	MaxFrames int64
	// From is the client that asks.
	From Client
}

var (
	sessionID  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	thumbprint = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
)

// check says what is wrong with an ask, and puts it into the one form.
func (a *Ask) check(p Policy) error {
	wrong := func(format string, args ...any) error {
		return &Refusal{Reason: Invalid, Detail: fmt.Sprintf(format, args...)}
	}
	switch {
	case a.Identity.Subject == "" || !fits(a.Identity.Subject, maxName) || !fits(a.Identity.Issuer, maxName):
		return wrong("nobody is named whom the key could be issued to, or by a name over %d bytes", maxName)
	case a.Purpose == "" || !fits(a.Purpose, MaxPurpose):
		return wrong("say what the key is for, in at most %d bytes", MaxPurpose)
	case len(a.Scope.Sessions) == 0:
		return wrong("name at least one session")
	case a.Lifetime < 0 || a.Lifetime > p.MaxTTL:
		return wrong("a key lives up to %v", p.MaxTTL)
	case a.MaxFrames < 0:
		return wrong("max_frames is negative")
	case a.Client.IP != "" && a.Client.Thumbprint != "":
		return wrong("a key is bound to an address or to a DPoP key, not to both")
	case a.Client.Thumbprint != "" && !thumbprint.MatchString(a.Client.Thumbprint):
		return wrong("the DPoP key's thumbprint is not 43 characters of base64url (RFC 7638, SHA-256)")
	case !a.Scope.From.IsZero() && !a.Scope.Until.IsZero() && !a.Scope.From.Before(a.Scope.Until):
		return wrong("the range ends before it begins")
	case !a.Scope.Until.IsZero() && a.Scope.Until.UnixMilli() <= 0:
		return wrong("the range ends before 1970")
	case a.Scope.From.UTC().Year() > 9999 || a.Scope.Until.UTC().Year() > 9999:
		return wrong("the range reaches beyond the year 9999, in UTC")
	}
	// As the key will say it: in milliseconds, 0 for no bound.
	a.Scope.From, a.Scope.Until = moment(max(0, millis(a.Scope.From))), moment(millis(a.Scope.Until))
	if a.Client.IP != "" {
		ip, err := netip.ParseAddr(a.Client.IP)
		if err != nil {
			return wrong("the client's address is no IP address")
		}
		a.Client.IP = ip.Unmap().String()
	}
	a.Scope.Sessions = slices.Compact(slices.Sorted(slices.Values(a.Scope.Sessions)))
	if len(a.Scope.Sessions) > MaxSessions {
		return wrong("a key is good for at most %d sessions", MaxSessions)
	}
	for _, s := range a.Scope.Sessions {
		if !sessionID.MatchString(s) {
			return wrong("a session's id has up to 64 letters, digits and - _ .")
		}
	}
	if a.Lifetime == 0 {
		a.Lifetime = p.TTL
	}
	return nil
}

func fits(s string, most int) bool { return len(s) <= most && utf8.ValidString(s) }
