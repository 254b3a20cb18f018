package approval

import (
	"cmp"
	"context"
	"crypto/subtle"
	"fmt"
)

// Claim spends the approval of request id, for what binding stands for. Of all
// callers on all nodes at most one ever gets a nil error, and only when the
// request is approved and not expired and binding is the approved one; the
// record approval.used, with all votes, is durable then. What is to run may
// run only after that, and runs once.
//
// Errors: ErrPending, ErrDenied, ErrExpired, ErrUsed, ErrBinding, ErrNotFound,
// ErrDamaged. After an error of the store or the ledger the approval may be
// spent: claim again to find out, and ask again on ErrUsed.
func (s *Service) Claim(ctx context.Context, id, binding string) (State, error) {
	f, now, leave, err := s.enter(ctx, id)
	if err != nil {
		return State{}, err
	}
	defer leave()
	if subtle.ConstantTimeCompare([]byte(f.request.Binding), []byte(binding)) != 1 {
		return State{}, ErrBinding
	}
	if err := unclaimable(f.status(now)); err != nil {
		return f.state(now), err
	}
	if !s.isOwn(id) {
		return State{}, fmt.Errorf("approval %s was asked under another ledger: %w", id, ErrDamaged)
	}
	if s.outlived(id, now) { // asked when requests had more time: nobody remembers whether it was used
		return f.state(now), ErrExpired
	}
	if err := ctx.Err(); err != nil { // nobody is left to run it for
		return State{}, err
	}
	ctx, cancel := through(ctx)
	defer cancel()

	use := verdict{Request: id, Outcome: Used, Time: now, Record: newID(now), Votes: f.decision.Votes}
	if err := create(ctx, s, id, useName, use); err != nil {
		if !exists(err) {
			return State{}, err
		}
		// Another node spent it, or found it expired.
		if f, err = s.settle(ctx, id, now); err != nil {
			return State{}, err
		}
		return f.state(now), cmp.Or(unclaimable(f.status(now)), ErrUsed)
	}
	s.note(&s.spent.used, id)
	// Read again: a vote that came too late to count is told as well.
	if f, err = s.load(ctx, id); err != nil {
		return State{}, err
	}
	if f.use == nil || f.use.Record != use.Record {
		return State{}, ErrUsed
	}
	if err := s.commitVerdict(ctx, f, f.use); err != nil {
		return State{}, err
	}
	return f.state(now), nil
}

// unclaimable is why a request of this status cannot be claimed.
func unclaimable(st Status) error {
	switch st {
	case Approved:
		return nil
	case Pending:
		return ErrPending
	case Denied:
		return ErrDenied
	case Expired:
		return ErrExpired
	case Used:
		return ErrUsed
	}
	return ErrDamaged
}
