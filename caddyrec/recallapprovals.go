package caddyrec

import (
	"bytes"
	"context"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// approvalExpiry is how long an approval has from being asked to being used,
// and so how much of the log tells which have been.
const approvalExpiry = time.Hour

// recallApprovals gives the ids of the approvals that the log says were asked for
// and used, of those recorded since then, and of some before. It gives none
// before all that it has read is proven to be what was recorded.
func (g *Gateway) recallApprovals(ctx context.Context, since time.Time, asked, used func(id string)) error {
	var toldAsked, toldUsed []string
	// A body that holds this has its quotes escaped; that it is the record's own
	// type is told by parsing.
	mark := []byte(`"type":"approval.`)
	err := g.log.Since(ctx, since, func(line ledger.Line) error {
		if !bytes.Contains(line.Raw, mark) {
			return nil
		}
		r, err := record.Parse(line.Raw)
		if err != nil || r.Approval == nil {
			return err
		}
		switch r.Type {
		case record.ApprovalRequested:
			toldAsked = append(toldAsked, r.Approval.ID)
		case record.ApprovalUsed:
			toldUsed = append(toldUsed, r.Approval.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range toldAsked {
		asked(id)
	}
	for _, id := range toldUsed {
		used(id)
	}
	return nil
}
