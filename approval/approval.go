// Package approval decides who may run a high-risk request, and sees that it
// runs once.
//
// Its promise: a high-risk request runs at most once, byte for byte as
// approved, by somebody other than its approvers; and nothing runs whose
// approvals are not in the ledger.
//
// # State
//
// A request for approval is a folder of write-once objects in a store. Its
// state is their fold; nothing is ever changed, so every node that reads the
// store sees the same, also after a restart.
//
//	approvals/<id>/request.json       who asked for what, and the policy frozen with it
//	approvals/<id>/votes/<voter>.json one vote; <voter> is a hash of issuer, scope and subject
//	approvals/<id>/decision.json      approved, denied or expired
//	approvals/<id>/use.json           used or expired, after an approval
//	approvals/<id>/approved.json      or denied.json, expired.json: a mark that the record
//	                                  of that outcome is durable, so that it may be seen
//
// There are two forks, and each is one name that can be created once, so that
// the two ways out of it shut each other out, whichever node or person is
// faster:
//
//	pending  ── decision.json ──> approved | denied | expired
//	approved ── use.json ───────> used | expired
//
// A decision that the vote objects do not carry (too few approvals by
// different people, the requester's own, one outside the policy) is damage,
// and damage is never approval.
//
// # Order of record and object
//
// A record is durable before its effect can be seen or used. Which comes
// first, record or object, follows from what a record says:
//
//   - What somebody did (asked, voted) is true whether or not it comes to
//     count: record first, then the object that makes it count. So no vote
//     counts that is not in the ledger. A vote recorded and then lost is told
//     as it was, a vote; approval.decided lists those that counted, and
//     approval.used all that were written down, late ones too.
//   - What became of a request (approved, denied, expired, used) is true of one
//     outcome only: object first, for the one Create that wins settles it, then
//     the record, then the effect. The object carries the record's id and time,
//     so whoever finishes the work of a node that died writes the same record
//     again, never another. The mark ends that.
//
// What a failure or a crash leaves behind, step by step:
//
//	Ask    record fails             nothing; the caller gets the error
//	       … then object fails      a record of a request that never opened; asking again makes another
//	       … object made, reported as failed  it is open; asking again joins it
//	Vote   record fails             no vote; the voter may vote again
//	       … then object fails      a record of a vote that does not count; the voter may vote again
//	       … object made, reported as failed  the vote counts; voting again is ErrVoted
//	       … then crash             the vote counts; whoever looks next makes the decision
//	decide object fails             still pending; whoever looks next tries again
//	       … then record fails      no more votes, listed as pending, an error to all else; whoever looks next records
//	       … then mark fails        the same; the record may stand twice, with one id
//	Claim  object fails             not used; it can be claimed again
//	       … object made, reported as failed  spent: nothing runs, and no record says it did
//	       … then record fails      spent: the caller gets the error and nothing runs
//	       … record made, reported as failed  spent: approval.used with no exchange after it
//	expire object or record fails   expired by the clock, refused; whoever looks next records
//
// A use is known from the ledger, too: a request that has an approval.used
// record, or that this process has used, is used, whatever has become of its
// use.json. So neither removing that nor putting all objects back from a copy
// lets it run again. When the ledger cannot be read, requests that this process
// has not opened are refused. What no approval.requested record speaks of is
// damaged, and no request joins it, unless others share the store. What another
// Service of this process has opened, under another ledger, can be voted on, but
// only the one that opened it claims it.
//
// A claim is never finished by somebody else, unlike a decision: a record that
// says used for a request that did not run would be a lie.
//
// # Limits
//
// Votes are not signed: who can write to the store can forge one, though the
// ledger will not tell of it, or remove one, that of a denial too. Where bodies
// are encrypted, another process than the one that was asked may be given another
// one to show. A node knows what its own ledger says, not another's: in a store
// that is shared only the objects tell what was asked and used on another node.
// Two nodes asked for the same at the same instant may open a request each, and
// each can be approved once. An e-mail is taken as the caller gives it, verified
// or not.
package approval

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

// MaxExpiry is the longest that [Options].Expiry may be.
const MaxExpiry = 7 * 24 * time.Hour

// finish bounds the work that goes on when the caller has gone in the middle
// of a step.
const finish = 30 * time.Second

// Recorder commits records to the ledger. Record returns nil only when r is
// durable.
type Recorder interface {
	Record(ctx context.Context, r *record.Record) error
}

// Options are the bounds of a [Service]. A zero field takes its default.
type Options struct {
	// Expiry is how long a request has from being asked to being used: 1 h by
	// default, at most MaxExpiry.
	Expiry time.Duration
	// MaxPending is how many requests may be open (pending, or approved and
	// not yet used): 1000 by default.
	MaxPending int
	// MaxPendingPerPerson is how many of them one person may have asked for:
	// 20 by default.
	MaxPendingPerPerson int
	// Poll is how often Await looks for what other nodes did: 1 s by default.
	Poll time.Duration
	// Now is the clock: time.Now by default.
	Now func() time.Time
	// Recall gives the ids of the requests that the ledger has an
	// approval.requested record of, and of those with an approval.used record, at
	// least of those recorded since then, and others. It is asked once, as soon as
	// there is a request that this process has not opened itself. Nil: there is
	// nothing to ask, and what the store has is taken for asked, and not used.
	Recall func(ctx context.Context, since time.Time, asked, used func(id string)) error
	// Memory is shared by the Services of this process over one store: its own by
	// default.
	Memory *Memory
	// Shared: others with a ledger of their own are asked in this store too, and
	// each may claim what any of them was asked. Their ledgers are not known here,
	// so what the store has is then taken for asked.
	Shared bool
	// Encrypt encrypts the body of the request with this id; nil, from it too,
	// means that bodies are written as they are.
	Encrypt func(id, body string) *record.Encrypted
	// Logger gets warnings about damaged objects and work put off: none by
	// default.
	Logger *slog.Logger
}

// Service keeps the requests for approval in one store. It is safe for
// concurrent use, also by several processes over the same store. It has no
// goroutines of its own and needs no closing.
type Service struct {
	store storage.Store
	rec   Recorder
	opts  Options
	log   *slog.Logger

	keyed locks // one holder for each request, and for each kind of asking
	spent spent

	mu      sync.Mutex
	index   index
	bodies  map[string]string // of open requests by id, where they are encrypted
	waiting map[string]*watch
}

// New returns a Service over store that records through rec. It reads nothing
// yet: what is open is found at the first Ask or List, so that a store that is
// away at the start does not keep the gateway down.
func New(store storage.Store, rec Recorder, opts Options) (*Service, error) {
	if store == nil || rec == nil {
		return nil, errors.New("approval: a store and a recorder are needed")
	}
	if opts.Expiry < 0 || opts.MaxPending < 0 || opts.MaxPendingPerPerson < 0 || opts.Poll < 0 {
		return nil, errors.New("approval: a bound is negative: leave it out for its default")
	}
	if opts.Expiry > MaxExpiry {
		return nil, fmt.Errorf("approval: an expiry of %v is over the most there is, %v", opts.Expiry, MaxExpiry)
	}
	if opts.Expiry == 0 {
		opts.Expiry = time.Hour
	}
	if opts.MaxPending == 0 {
		opts.MaxPending = 1000
	}
	if opts.MaxPendingPerPerson == 0 {
		opts.MaxPendingPerPerson = 20
	}
	if opts.Poll == 0 {
		opts.Poll = time.Second
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{
		store: store, rec: rec, opts: opts, log: opts.Logger,
		spent:   newSpent(opts.Memory),
		index:   newIndex(opts.MaxPending),
		waiting: map[string]*watch{},
	}, nil
}

// now is the clock as objects and records write it: UTC, in microseconds.
func (s *Service) now() time.Time {
	return s.opts.Now().UTC().Truncate(time.Microsecond)
}

// through returns a context for a step that should not stop half way because
// the caller went away.
func through(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finish)
}
