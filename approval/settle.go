package approval

import (
	"context"
	"fmt"
	"time"
)

// work is what is due on a request.
type work int

const (
	nothing work = iota
	decide
	recordDecision
	expire
	recordExpiry
)

// due is the next work on f at now.
func (f *facts) due(now time.Time) work {
	d, u := f.decision, f.use
	switch {
	case f.spent: // what else is there has been put back, or is lost
		return nothing
	case d == nil && f.outcome(now) != "":
		return decide
	case d != nil && !f.decisionRecorded:
		return recordDecision
	case d != nil && d.Outcome == Approved && u == nil && !now.Before(f.request.Expires):
		return expire
	case u != nil && u.Outcome == Expired && !f.useRecorded:
		return recordExpiry
	}
	return nothing
}

// settle loads request id and finishes what is due on it at now: the decision
// its votes carry, its expiry, and the records of both, also those that a node
// left undone when it died. The caller holds the request's lock.
func (s *Service) settle(ctx context.Context, id string, now time.Time) (*facts, error) {
	// Each step adds an object, and there are four.
	for range 6 {
		f, err := s.load(ctx, id)
		if err != nil {
			return nil, err
		}
		done, err := s.step(ctx, f, now)
		if err != nil {
			return nil, err
		}
		if done {
			s.tell(f, now)
			return f, nil
		}
	}
	return nil, fmt.Errorf("approval %s: the store does not keep what is written to it: %w", id, ErrDamaged)
}

// step takes the next step due on f, or says that none is. Losing a Create is
// a step as well: somebody else took it.
func (s *Service) step(ctx context.Context, f *facts, now time.Time) (done bool, err error) {
	ctx, cancel := through(ctx)
	defer cancel()
	id := f.request.ID
	switch f.due(now) {
	case decide:
		v := verdict{Request: id, Outcome: f.outcome(now), Time: now, Record: newID(now)}
		for _, b := range f.ballots {
			v.Votes = append(v.Votes, b.Voter.key())
		}
		err = create(ctx, s, id, decisionName, v)
	case recordDecision:
		if err = s.commitVerdict(ctx, f, f.decision); err == nil {
			err = create(ctx, s, id, markName(f.decision.Outcome), mark{id, f.decision.Record})
		}
	case expire:
		err = create(ctx, s, id, useName, verdict{Request: id, Outcome: Expired, Time: now, Record: newID(now), Votes: f.decision.Votes})
	case recordExpiry:
		if err = s.commitVerdict(ctx, f, f.use); err == nil {
			err = create(ctx, s, id, markName(Expired), mark{id, f.use.Record})
		}
	default:
		return true, nil
	}
	if exists(err) {
		err = nil
	}
	return false, err
}

// enter takes request id's lock and settles the request, as it is then, at now.
// Without an error the caller gives the lock back by leave.
func (s *Service) enter(ctx context.Context, id string) (f *facts, now time.Time, leave func(), err error) {
	if !validID(id) {
		return nil, now, nil, ErrNotFound
	}
	if leave, err = s.keyed.lock(ctx, id); err != nil {
		return nil, now, nil, err
	}
	now = s.now()
	if f, err = s.settle(ctx, id, now); err != nil {
		leave()
		return nil, now, nil, err
	}
	return f, now, leave, nil
}

// locked settles request id under its lock and gives the lock back.
func (s *Service) locked(ctx context.Context, id string) (State, error) {
	f, now, leave, err := s.enter(ctx, id)
	if err != nil {
		return State{}, err
	}
	defer leave()
	return f.state(now), nil
}

// Get returns request id as it stands. What is due on it, such as its expiry,
// is recorded first; when that fails Get returns the error and no state.
// Errors: ErrNotFound, ErrDamaged.
func (s *Service) Get(ctx context.Context, id string) (State, error) {
	return s.locked(ctx, id)
}
