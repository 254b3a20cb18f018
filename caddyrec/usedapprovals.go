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

// usedApprovals gives the ids of the approvals that the log has a use of, of
// those recorded since then, and of some before.
func (g *Gateway) usedApprovals(ctx context.Context, since time.Time, id func(string)) error {
	// A body that holds this has its quotes escaped; that it is the record's own
	// type is told by parsing.
	mark := []byte(`"type":"` + record.ApprovalUsed + `"`)
	return g.log.Since(ctx, since, func(line ledger.Line) error {
		if !bytes.Contains(line.Raw, mark) {
			return nil
		}
		r, err := record.Parse(line.Raw)
		if err == nil && r.Type == record.ApprovalUsed && r.Approval != nil {
			id(r.Approval.ID)
		}
		return err
	})
}
