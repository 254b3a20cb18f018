package cli

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/record"
)

// recorder puts a replay on record, in the log that the recording is in: by the
// gateway that writes it, or, where none does, by opening the log.
type recorder struct {
	src   *source
	admin retentionFlags
	key   string // the log's
}

// newRecorder finds out what log it is.
func newRecorder(src *source, address string) (*recorder, error) {
	key, err := fs.ReadFile(src, publicKey)
	if err != nil {
		return nil, fmt.Errorf("the replay could not be recorded, so it does not run: reading the log's key: %w", err)
	}
	return &recorder{src: src, admin: retentionFlags{address: cmp.Or(address, src.admin)}, key: string(key)}, nil
}

// commit makes a record durable.
func (r *recorder) commit(typ record.Type, replay record.Replay) error {
	ask := caddyrec.ReplayAsk{Log: r.src.log, Key: r.key, Type: typ, Replay: replay}
	status, text, err := r.admin.post(adminCall{path: "/caddyrec/replay", ask: ask})
	switch {
	case err == nil && status < 400:
		return nil
	case err == nil:
		err = refused(status, text)
		if status != http.StatusNotFound {
			return fmt.Errorf("the replay could not be recorded by the gateway: %w", err)
		}
	}
	// Nobody answers there, or it is the gateway of other logs: whoever has the
	// log's lock writes it.
	if own := r.src.commit(ask.Record()); own != nil {
		return fmt.Errorf("the replay could not be recorded: %s; and the log cannot be written here: %w", err, own)
	}
	return nil
}
