package approval

import (
	"context"
	"fmt"
	"slices"

	"github.com/caddyrec/caddyrec/record"
)

// Vote gives v's word on request id, with a reason the caller has masked. The
// record approval.voted is durable before the vote counts; when it is the vote
// that decides, approval.decided is durable before Vote returns.
//
// Errors: ErrInvalid, ErrNotFound, ErrDamaged, ErrElsewhere, ErrSelf,
// ErrNotEntitled, ErrVoted, ErrDecided, ErrExpired; the last three come with the
// state. After an error of the store or the ledger the vote may count: vote
// again, and ErrVoted says that it does.
func (s *Service) Vote(ctx context.Context, id string, v Voter, d Decision, reason string) (State, error) {
	if d != Approve && d != Deny {
		return State{}, fmt.Errorf("%w: a vote is %q or %q", ErrInvalid, Approve, Deny)
	}
	if err := v.check("voter"); err != nil {
		return State{}, err
	}
	f, now, leave, err := s.enter(ctx, id)
	if err != nil {
		return State{}, err
	}
	defer leave()
	v = v.Beside(f.request.Requester)
	via, err := f.mayVote(v)
	if err != nil {
		return State{}, err
	}
	if err := f.takesVote(v.Person, f.status(now)); err != nil {
		return f.state(now), err
	}
	if err := ctx.Err(); err != nil {
		return State{}, err
	}
	return s.cast(ctx, f, ballot{
		Request: id, Record: newID(now),
		Vote: Vote{Voter: v.Person, Identity: v.identity(v.Identity), Via: via, Decision: d, Reason: tidy(reason), Time: now},
	})
}

// mayVote says by which value of the policy's claim v may vote on f.
func (f *facts) mayVote(v Voter) (via string, err error) {
	if v.incomparable(f.request.Requester) {
		return "", ErrElsewhere
	}
	if v.Same(f.request.Requester) {
		return "", ErrSelf
	}
	via, ok := f.request.Policy.via(v)
	if !ok || !v.colleague(f.request.Requester) {
		return "", ErrNotEntitled
	}
	return via, nil
}

// takesVote says whether f takes a vote of p's now.
func (f *facts) takesVote(p Person, st Status) error {
	switch {
	case slices.ContainsFunc(f.ballots, func(b ballot) bool { return b.Voter.incomparable(p) }):
		return ErrElsewhere
	case slices.ContainsFunc(f.ballots, func(b ballot) bool { return b.Voter.Same(p) }):
		return ErrVoted
	case st == Expired:
		return ErrExpired
	case st != Pending:
		return ErrDecided
	}
	return nil
}

// cast records b, makes it count, and decides if it can.
func (s *Service) cast(ctx context.Context, f *facts, b ballot) (State, error) {
	if _, err := encode(b); err != nil { // before there is a record of it
		return State{}, err
	}
	ctx, cancel := through(ctx)
	defer cancel()
	id := f.request.ID
	ev := f.request.event(b.Record, record.ApprovalVoted, b.Time, Pending)
	ev.Approval.Voter = b.Identity
	ev.Approval.Decision = string(b.Decision)
	ev.Approval.Reason = b.Reason
	ev.Approval.Votes = votes(f.ballots)
	if err := s.commit(ctx, ev); err != nil {
		return State{}, err
	}
	lost := create(ctx, s, id, votesFolder+b.Voter.key()+votesSuffix, b)
	if lost != nil && !exists(lost) {
		return State{}, lost
	}
	now := s.now()
	f, err := s.settle(ctx, id, now)
	switch {
	case err != nil:
		return State{}, err
	case lost != nil: // voted on another node meanwhile
		return f.state(now), ErrVoted
	case f.decision == nil || slices.Contains(f.decision.Votes, b.Voter.key()):
		return f.state(now), nil
	case f.decision.Outcome == Expired:
		return f.state(now), ErrExpired
	}
	return f.state(now), ErrDecided
}
