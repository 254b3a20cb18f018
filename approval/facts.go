package approval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

// facts are a request's objects, read and checked. They never change: a new
// object makes new facts.
type facts struct {
	names            []string
	request          Request
	ballots          []ballot // the oldest first
	decision         *verdict
	decisionRecorded bool
	use              *verdict
	useRecorded      bool
	spent            bool // it was used, by the ledger's word
}

// errTorn is facts that contradict each other: a listing made while objects
// came in, or damage.
var errTorn = errors.New("an object is missing that others speak of")

// load reads what there is of request id.
func (s *Service) load(ctx context.Context, id string) (*facts, error) {
	for try := 1; ; try++ {
		names, err := s.names(ctx, id)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, ErrNotFound
		}
		used, err := s.wasUsed(ctx, id)
		if err != nil {
			return nil, err
		}
		if !used && !s.wasAsked(id) {
			return nil, fmt.Errorf("approval %s was not asked for by the ledger's word: %w", id, ErrDamaged)
		}
		if f := s.remembered(id, names); f != nil && f.spent == used {
			return f, nil
		}
		f, err := s.assemble(ctx, id, names)
		if err == nil {
			f.spent = used
			s.showBody(f)
			s.remember(f)
			return f, nil
		}
		if !errors.Is(err, errTorn) {
			return nil, err
		}
		if try == 3 {
			return nil, fmt.Errorf("approval %s: %w: %w", id, err, ErrDamaged)
		}
	}
}

// assemble reads the objects names of request id and checks that they carry
// each other.
func (s *Service) assemble(ctx context.Context, id string, names []string) (*facts, error) {
	f := &facts{names: names}
	marks := map[Status]*mark{}
	var err error
	if !slices.Contains(names, requestName) {
		return nil, errTorn
	}
	for _, name := range names {
		switch name {
		case requestName:
			f.request, err = read[Request](ctx, s, id, name)
		case decisionName:
			f.decision, err = pointer(read[verdict](ctx, s, id, name))
		case markName(Approved), markName(Denied), markName(Expired):
			outcome := Status(strings.TrimSuffix(name, ".json"))
			marks[outcome], err = pointer(read[mark](ctx, s, id, name))
		case useName:
			f.use, err = pointer(read[verdict](ctx, s, id, name))
		default:
			key, ok := strings.CutPrefix(name, votesFolder)
			key, is := strings.CutSuffix(key, votesSuffix)
			if !ok || !is {
				return nil, fmt.Errorf("approval %s has an object that is none of its own: %w", id, ErrDamaged)
			}
			var b ballot
			if b, err = read[ballot](ctx, s, id, name); err == nil && b.Voter.key() != key {
				err = fmt.Errorf("approval %s has a vote under another voter's name: %w", id, ErrDamaged)
			}
			f.ballots = append(f.ballots, b)
		}
		if errors.Is(err, storage.ErrNotExist) {
			return nil, errTorn
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(f.ballots, func(a, b ballot) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Voter.key(), b.Voter.key()))
	})
	if err := f.check(id); err != nil {
		return nil, fmt.Errorf("approval %s: %w: %w", id, err, ErrDamaged)
	}
	f.decisionRecorded, f.useRecorded = f.decision.marked(marks), f.use.marked(marks)
	if len(marks) > 0 {
		return nil, errTorn
	}
	return f, f.carried()
}

// check holds each object against the request, and that against its id, by
// whose time it is known for how long it may be used.
func (f *facts) check(id string) error {
	r := &f.request
	own, err := r.idOf()
	switch {
	case r.ID != id || !validID(id):
		return errors.New("the request has another id")
	case r.Requester.check("requester") != nil || r.Identity == nil:
		return errors.New("the request has no requester")
	case r.Policy.Check() != nil || r.Binding == "":
		return errors.New("the request has no policy or binding")
	case !r.Created.Before(r.Expires) || r.Expires.Sub(r.Created) > MaxExpiry || r.Created.UnixMilli() != idTime(id).UnixMilli():
		return errors.New("the request's times are not in order")
	case err != nil || own != id:
		return errors.New("the request is not what was asked under its id")
	}
	for _, b := range f.ballots {
		switch {
		case b.Request != id || !validID(b.Record) || b.Identity == nil || b.Voter.Subject == "":
			return errors.New("a vote is of another request, or not whole")
		case b.Decision != Approve && b.Decision != Deny:
			return errors.New("a vote says neither approve nor deny")
		case b.Voter.Same(r.Requester) || !b.Voter.colleague(r.Requester):
			return errors.New("a vote is of somebody who could not vote")
		case !slices.Contains(r.Policy.Values, b.Via):
			return errors.New("a vote is outside the policy")
		case !b.Time.Before(r.Expires):
			return errors.New("a vote came after the end")
		}
	}
	for _, v := range []*verdict{f.decision, f.use} {
		if v != nil && (v.Request != id || !validID(v.Record)) {
			return errors.New("a decision or use is of another request, or not whole")
		}
	}
	if d := f.decision; d != nil && d.Outcome != Approved && d.Outcome != Denied && d.Outcome != Expired {
		return errors.New("the decision is none")
	}
	if d := f.decision; d != nil && d.Outcome == Approved && !d.Time.Before(r.Expires) {
		return errors.New("the approval came after the end")
	}
	if u := f.use; u != nil && u.Outcome != Expired && (u.Outcome != Used || !u.Time.Before(r.Expires)) {
		return errors.New("the use is none, or came after the end")
	}
	return nil
}

// carried says whether the verdicts follow from what they rest on.
func (f *facts) carried() error {
	if f.use != nil && (f.decision == nil || f.decision.Outcome != Approved || !f.decisionRecorded) {
		return errTorn
	}
	if f.decision == nil || f.decision.Outcome == Expired {
		return nil
	}
	counted := f.counted()
	if len(counted) != len(f.decision.Votes) || tally(counted, f.request.Policy.Need) != f.decision.Outcome {
		return errTorn
	}
	return nil
}

// counted are the ballots the decision counted.
func (f *facts) counted() []ballot {
	return slices.DeleteFunc(slices.Clone(f.ballots), func(b ballot) bool {
		return !slices.Contains(f.decision.Votes, b.Voter.key())
	})
}

// tally says what votes decide: one denial denies, need different people
// approve. The empty status: nothing yet.
func tally(ballots []ballot, need int) Status {
	var people []Person
	for _, b := range ballots {
		if b.Decision != Approve {
			return Denied
		}
		if !slices.ContainsFunc(people, b.Voter.Same) {
			people = append(people, b.Voter)
		}
	}
	if len(people) >= need {
		return Approved
	}
	return ""
}

// outcome is what the open fork before the decision comes to at now; empty
// while it stays open.
func (f *facts) outcome(now time.Time) Status {
	o := tally(f.ballots, f.request.Policy.Need)
	if o != Denied && !now.Before(f.request.Expires) {
		return Expired
	}
	return o
}

// status is where the request stands at now. Nothing counts as decided before
// its record is durable.
func (f *facts) status(now time.Time) Status {
	over := !now.Before(f.request.Expires)
	switch {
	case f.spent:
		return Used
	case f.use != nil:
		return f.use.Outcome
	case f.decision != nil && f.decisionRecorded && (f.decision.Outcome != Approved || !over):
		return f.decision.Outcome
	case over:
		return Expired
	}
	return Pending
}

// state is what callers see of f at now.
func (f *facts) state(now time.Time) State {
	st := State{Request: f.request, Status: f.status(now)}
	st.Policy.Values = slices.Clone(st.Policy.Values)
	for _, b := range f.ballots {
		st.Votes = append(st.Votes, b.Vote)
	}
	return st
}

// final says whether nothing is left to do about f.
func (f *facts) final() bool {
	if f.spent {
		return true
	}
	if f.use != nil {
		return f.use.Outcome == Used || f.useRecorded
	}
	return f.decision != nil && f.decisionRecorded && f.decision.Outcome != Approved
}

// marked takes v's mark out of marks and says whether there is one.
func (v *verdict) marked(marks map[Status]*mark) bool {
	if v == nil {
		return false
	}
	m := marks[v.Outcome]
	if m == nil || m.Request != v.Request || m.Record != v.Record {
		return false
	}
	delete(marks, v.Outcome)
	return true
}

func pointer[T any](v T, err error) (*T, error) { return &v, err }

// votes are the ballots as records show them.
func votes(ballots []ballot) []record.Vote {
	var list []record.Vote
	for _, b := range ballots {
		list = append(list, record.Vote{Voter: *b.Identity, Decision: string(b.Decision), Time: record.Time{Time: b.Time}})
	}
	return list
}
