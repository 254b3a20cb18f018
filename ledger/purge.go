package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

// Purge says what may go.
type Purge struct {
	// Before: only segments all of whose records are older go.
	Before time.Time
	// Why is the rule or reason, By who asked, as far as they said: both go
	// into the record.
	Why, By string
	// DryRun changes nothing and only tells what would be done.
	DryRun bool
}

// Purged is what became of one segment that is old enough.
type Purged struct {
	// Segment is its name below the log's folder, First the seq of its first
	// record, Records how many it has.
	Segment string `json:"segment"`
	First   uint64 `json:"first"`
	Records uint64 `json:"records"`
	// From and Until are the earliest and the latest time in it, wherever in it
	// they are: clocks are set back, too. Both are zero when it was not read.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Kept says why it stays, if it does, in words for people, and Kind for
	// programs. Both are empty when it went, or would.
	Kept string   `json:"kept,omitempty"`
	Kind KeptKind `json:"kind,omitempty"`
}

// KeptKind is why a segment stays that is old enough to go.
type KeptKind string

// The kinds.
const (
	// KeptHeld: a legal hold covers it.
	KeptHeld KeptKind = "held"
	// KeptRetained: the store does not let go of it.
	KeptRetained KeptKind = "retained"
	// KeptDamaged: it does not hold what was signed, or nothing tells what that
	// was. It is evidence.
	KeptDamaged KeptKind = "damaged"
	// KeptUnread: the store did not let it be read this time.
	KeptUnread KeptKind = "unread"
)

func (p *Purged) keep(kind KeptKind, format string, args ...any) {
	p.Kind, p.Kept = kind, fmt.Sprintf(format, args...)
}

func (p *Purged) extent() gap { return gap{p.First, p.First + p.Records} }

// AskError says what is wrong with what was asked for. Nothing was done.
type AskError string

func (e AskError) Error() string { return string(e) }

// Purge removes sealed segments, oldest first. Whole segments go, none that a
// legal hold keeps, none whose records are not those that a checkpoint is
// signed for, which is evidence, and never the newest. For each a record is
// durable and signed for before it is removed; tiles and checkpoints stay, so
// that proofs of the rest stay valid. It may be ended and run again at any
// point. What was done before an error is returned with it.
func (l *Log) Purge(ctx context.Context, p Purge) ([]Purged, error) {
	keeper, ok := l.opts.Store.(storage.Retainer)
	if !ok {
		return nil, errors.New("purging: this store cannot remove anything")
	}
	if err := checkWords(p.Why, p.By); err != nil {
		return nil, err
	}
	run := purging{log: l, keeper: keeper, Purge: p, src: l.storeSource()}
	run.src.ctx = ctx
	if err := run.begin(); err != nil {
		return nil, fmt.Errorf("purging: %w", err)
	}
	for i := range run.sealed {
		if i+1 == len(run.sealed) || !l.isFree(run.sealed[i+1].first) {
			break
		}
		if err := run.segment(i); err != nil {
			return run.done, fmt.Errorf("purging %s: %w", run.sealed[i].name, err)
		}
	}
	run.tellForeign()
	return run.done, nil
}
