package approval

import (
	"context"
	"fmt"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// event begins the record of something that happened to r.
func (r *Request) event(id string, typ record.Type, at time.Time, state Status) *record.Record {
	return &record.Record{
		ID: id, Time: record.Time{Time: at}, Type: typ, Exchange: r.Exchange,
		Approval: &record.Approval{
			ID: r.ID, State: string(state), Binding: r.Binding,
			Requester: r.Identity, Expires: &record.Time{Time: r.Expires},
		},
	}
}

// commit makes ev durable.
func (s *Service) commit(ctx context.Context, ev *record.Record) error {
	if err := s.rec.Record(ctx, ev); err != nil {
		return fmt.Errorf("recording %s of approval %s: %w", ev.Type, ev.Approval.ID, err)
	}
	return nil
}

// commitVerdict records the verdict of f at a fork: always the same record, as
// often as it takes.
func (s *Service) commitVerdict(ctx context.Context, f *facts, v *verdict) error {
	typ := record.ApprovalDecided
	switch v.Outcome {
	case Expired:
		typ = record.ApprovalExpired
	case Used:
		typ = record.ApprovalUsed
	}
	ev := f.request.event(v.Record, typ, v.Time, v.Outcome)
	switch v.Outcome {
	case Used:
		ev.Identity = f.request.Identity
		ev.Approval.Votes = votes(f.ballots)
	default:
		ev.Approval.Votes = votes(f.counted())
	}
	return s.commit(ctx, ev)
}
