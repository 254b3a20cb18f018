package cli

import (
	"cmp"
	"fmt"
	"time"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/record"
)

// toldOf is the last record of a type that a log has of a replay, of those that
// are wanted; nil: there is none.
func toldOf(src *source, id string, typ record.Type, wanted func(*record.Replay) bool) (last *record.Replay, err error) {
	// A replay's id tells when it was planned, by a clock that may not be the
	// gateway's.
	start := src.since(timeOf(id).Add(-time.Hour))
	err = src.each(filter{types: []string{string(typ)}}, start, func(it item) error {
		if p := it.record.Replay; p != nil && p.ID == id && wanted(p) {
			last = p
		}
		return nil
	})
	return last, broken(src, err)
}

// recorder puts a replay on record, in the log that the recording is in: by the
// gateway that writes it, or, where none does, by opening the log.
type recorder struct {
	src   *source
	admin retentionFlags
	key   string // the log's
}

// newRecorder finds out what log it is.
func newRecorder(src *source, address string) (*recorder, error) {
	key, err := src.small(publicKey)
	if err != nil {
		return nil, fmt.Errorf("the replay could not be recorded, so it does not run: reading the log's key: %w", err)
	}
	return &recorder{src: src, admin: retentionFlags{address: cmp.Or(address, src.admin)}, key: string(key)}, nil
}

// commit makes a record durable.
func (r *recorder) commit(typ record.Type, replay record.Replay) error {
	ask := caddyrec.ReplayAsk{Log: r.src.log, Key: r.key, Type: typ, Replay: replay}
	if err := r.src.record(&r.admin, adminCall{path: "/caddyrec/replay", ask: ask}, ask.Record()); err != nil {
		return fmt.Errorf("the replay could not be recorded: %w", err)
	}
	return nil
}
