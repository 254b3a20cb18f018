// Package provision makes and checks provisioning keys: short-lived credentials
// with which one person may see named recordings, and nothing else.
//
// Its promise: a key opens what it was issued for, to whom it was issued, until
// it expires or is revoked, and not a frame more; each issue, use, refusal and
// end is a record; and no key is kept anywhere, in whole or as something it
// could be computed from.
//
// # Verifying
//
// A key says itself what it is good for, under an Ed25519 signature, so that a
// gateway verifies it without asking anybody. The signing keys come out of a
// secret, one a day: every gateway that has the secret and the service's name
// accepts the keys of all. What was verified is remembered for up to a minute,
// by the key's SHA-256; so is what was refused.
//
// # Revoking
//
// A revocation is a write-once object, in a folder of the day the key was
// issued. A gateway that has seen a valid key looks into the folders of the days
// that matter every few seconds, and before it accepts one when it has not
// looked of late. When the store cannot be read it accepts none, and after half
// a minute ends what runs: a key that may have been revoked is no key.
//
// # Order of record and effect
//
// key.issued is durable before the key is shown, key.used before the first
// frame. A revocation works first and is recorded then: nothing must keep it
// from working. Whoever revokes again finishes what a crash left undone.
//
// # Limits
//
// A bound on frames is counted in the memory of the process that issued the
// key; it is refused elsewhere, and after a restart. Two clients are told apart
// by their addresses, as one gateway sees them.
package provision

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

const (
	// skew is how far the clocks of gateways may be apart.
	skew = 30 * time.Second
	// remember is how long a key that was verified or refused is not looked at
	// again.
	remember = time.Minute
	// Bounds of what is remembered, in keys; each is held up to twice.
	maxVerified = 4 << 10
	maxRefused  = 4 << 10
	maxClients  = 4 << 10
	// maxInUse is how many keys may be in use at once.
	maxInUse = 16 << 10
	// finish bounds what goes on when nobody waits for it.
	finish = 10 * time.Second
)

// Recorder commits records to the ledger. Record returns nil only when r is
// durable.
type Recorder interface {
	Record(ctx context.Context, r *record.Record) error
}

// Event is something that happened to a key.
type Event struct {
	// Type is the type of its record.
	Type record.Type
	// Reason is the fixed word of a refusal or an anomaly; else empty.
	Reason string
	// Grant is what the key stands for; nil where that is not known.
	Grant *Grant
	// Client is who sent it; nil where nobody did.
	Client *record.Client
	// Counted says that it was counted only, because of a flood: there is no
	// record of its own.
	Counted bool
}

// Options are what an [Authority] needs.
type Options struct {
	// Service names what the keys are good for: lower-case letters, digits and
	// hyphens. Gateways of one service and one secret accept each other's keys.
	Service string
	// Secret is what the signing keys are made of: 32 random bytes.
	Secret []byte
	// Store keeps what is known of keys, and the revocations.
	Store storage.Store
	// Recorder takes the records.
	Recorder Recorder
	// Policy is in force until SetPolicy.
	Policy Policy
	// Poll is how often other gateways' revocations are looked for; 2 s by
	// default.
	Poll time.Duration
	// Now is the wall clock, instead of the machine's.
	Now func() time.Time
	// Watch is told each event, and must not block. Nobody by default.
	Watch func(Event)
	// Logger gets what goes wrong where nobody is told: none by default.
	Logger *slog.Logger
}

// Policy is what a configuration may say about keys.
type Policy struct {
	// TTL is how long a key lives when nothing is said: 10 min by default.
	TTL time.Duration
	// MaxTTL is the longest that may be asked for: 1 h by default, at most
	// MaxLifetime.
	MaxTTL time.Duration
	// AutoRevoke are the anomalies upon which the key is revoked.
	AutoRevoke []Anomaly
}

// Complete fills in the defaults, and says what is wrong with p.
func (p Policy) Complete() (Policy, error) {
	if p.MaxTTL == 0 {
		p.MaxTTL = time.Hour
	}
	if p.TTL == 0 {
		p.TTL = min(10*time.Minute, p.MaxTTL)
	}
	switch {
	case p.TTL < time.Second:
		return p, fmt.Errorf("ttl %v is too short: a key lives for 1s at least", p.TTL)
	case p.MaxTTL < p.TTL:
		return p, fmt.Errorf("ttl %v is more than max_ttl %v: lower the one, or raise the other", p.TTL, p.MaxTTL)
	case p.MaxTTL > MaxLifetime:
		return p, fmt.Errorf("max_ttl %v is too long: a key lives for %v at most", p.MaxTTL, MaxLifetime)
	}
	for _, kind := range p.AutoRevoke {
		if !slices.Contains(Revocable, kind) {
			return p, fmt.Errorf("auto_revoke %s: there is no such anomaly, or no key left to revoke then: use %s", kind, words(Revocable))
		}
	}
	return p, nil
}

// Equal says whether p and o say the same.
func (p Policy) Equal(o Policy) bool {
	return p.TTL == o.TTL && p.MaxTTL == o.MaxTTL && slices.Equal(p.AutoRevoke, o.AutoRevoke)
}

// Authority issues, checks and revokes the keys of one service. It is safe for
// concurrent use.
type Authority struct {
	opts   Options
	log    *slog.Logger
	clock  clock
	keys   signers
	policy atomic.Pointer[Policy]

	verified *generations[[sha256.Size]byte, *verified]
	refusals *generations[[sha256.Size]byte, *remembering]
	proofs   proofs
	revoked  revocations
	floods   map[record.Type]*flood
	asking   *generations[string, window] // by whom keys are issued
	failing  *generations[string, window] // by what address refusals come

	mu     sync.Mutex
	inUse  map[string]*Use
	closed bool

	background sync.WaitGroup
}

var serviceName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// New returns an Authority. It touches nothing yet. Somebody must run
// [Authority.Run], and close it in the end.
func New(o Options) (*Authority, error) {
	switch {
	case !serviceName.MatchString(o.Service):
		return nil, fmt.Errorf("service %q: a service's name has lower-case letters, digits and hyphens, 63 at most", o.Service)
	case len(o.Secret) != sha256.Size:
		return nil, fmt.Errorf("the provisioning secret has %d bytes, not %d: restore its file from a backup, or remove it to have another made", len(o.Secret), sha256.Size)
	case o.Store == nil || o.Recorder == nil:
		return nil, errors.New("provisioning keys need a store and a recorder")
	}
	if o.Poll <= 0 {
		o.Poll = 2 * time.Second
	}
	if o.Watch == nil {
		o.Watch = func(Event) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Authority{
		opts: o, log: o.Logger, clock: newClock(o.Now),
		keys:     signers{secret: slices.Clone(o.Secret), service: o.Service, made: map[int64]*signer{}},
		verified: newGenerations[[sha256.Size]byte, *verified](maxVerified),
		refusals: newGenerations[[sha256.Size]byte, *remembering](maxRefused),
		asking:   newGenerations[string, window](maxClients),
		failing:  newGenerations[string, window](maxClients),
		inUse:    map[string]*Use{},
	}
	a.floods = map[record.Type]*flood{
		record.KeyRefused: newFlood(a, record.KeyRefused, refusalsPerSecond, refusalsBurst),
		record.KeyAnomaly: newFlood(a, record.KeyAnomaly, anomaliesPerSecond, anomaliesBurst),
	}
	a.revoked.ids, a.revoked.onRecord, a.revoked.owed = map[string]string{}, map[string]bool{}, map[string]owed{}
	if err := a.SetPolicy(o.Policy); err != nil {
		return nil, err
	}
	return a, nil
}

// SetPolicy puts another policy in force. Keys that were issued keep their life,
// but a signing key that has retired counts no longer than the new policy lets
// a key live.
func (a *Authority) SetPolicy(p Policy) error {
	p, err := p.Complete()
	if err != nil {
		return err
	}
	a.policy.Store(&p)
	return nil
}

// Service is the service that the keys are good for.
func (a *Authority) Service() string { return a.opts.Service }

// Run looks for the revocations of other gateways while keys are in use, and
// tries again to store and record those of this one that could not be. It
// returns when ctx is done.
func (a *Authority) Run(ctx context.Context) {
	tick := time.NewTicker(a.opts.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		a.revoked.settle(ctx, a)
		if a.anyInUse() {
			a.revoked.look(ctx, a)
		}
	}
}

func (a *Authority) anyInUse() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.inUse) > 0
}

// Close ends every lease, writes out what was counted, and waits for what is
// being recorded. Nothing is issued or accepted afterwards.
func (a *Authority) Close() {
	a.mu.Lock()
	a.closed = true
	all := a.inUse
	a.inUse = map[string]*Use{}
	a.mu.Unlock()
	for _, u := range all {
		u.end(Ended)
	}
	for _, f := range a.floods {
		f.close()
	}
	a.background.Wait()
}

// over says whether the authority was closed.
func (a *Authority) over() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.closed
}

// later does what nobody waits for; Close does.
func (a *Authority) later(do func(ctx context.Context)) {
	a.mu.Lock()
	closed := a.closed
	if !closed {
		a.background.Add(1)
	}
	a.mu.Unlock()
	if closed {
		return
	}
	go func() {
		defer a.background.Done()
		ctx, cancel := context.WithTimeout(context.Background(), finish)
		defer cancel()
		do(ctx)
	}()
}
