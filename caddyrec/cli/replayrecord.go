package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage/local"
)

// recorder puts a replay on record, in the log that the recording is in: by the
// gateway that writes it, or, where none does, by opening the log.
type recorder struct {
	src    *source
	admin  retentionFlags
	public string
}

// newRecorder finds out what log it is.
func newRecorder(src *source, address string) (*recorder, error) {
	public, err := readSmall(filepath.Join(src.dir, publicKey))
	if err != nil {
		return nil, fmt.Errorf("the replay could not be recorded, so it does not run: the log in %s has no public key beside it: %w", src.dir, err)
	}
	return &recorder{src: src, admin: retentionFlags{address: address}, public: public}, nil
}

// commit makes a record durable.
func (r *recorder) commit(typ record.Type, replay record.Replay) error {
	status, text, err := r.admin.post(adminCall{path: "/caddyrec/replay", ask: map[string]any{
		"log": r.src.log, "public_key": r.public, "type": typ, "replay": replay,
	}})
	switch {
	case err == nil && status < 400:
		return nil
	case err == nil && status != http.StatusNotFound:
		return fmt.Errorf("the gateway could not record the replay: %w", refused(status, text))
	}
	// Nobody answers there, or it is the gateway of other logs.
	unrecorded := err
	if err == nil {
		unrecorded = refused(status, text)
	}
	if err := r.open(typ, replay); err != nil {
		return fmt.Errorf("the replay could not be recorded: %w; and %w", unrecorded, err)
	}
	return nil
}

// open opens the log for one record.
func (r *recorder) open(typ record.Type, replay record.Replay) (err error) {
	store := filepath.Dir(filepath.Dir(r.src.dir))
	keys := filepath.Join(store, "keys")
	if _, err := os.Stat(filepath.Join(keys, r.src.log+".signing.key")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("this command cannot write the log: %s has no key of it", store)
		}
		return fmt.Errorf("this command cannot write the log: %w", err)
	}
	k, err := ledger.LoadKeys(keys, r.src.log)
	if err != nil {
		return err
	}
	s, err := local.Open(store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	log, err := ledger.Open(ledger.Options{Dir: r.src.dir, Log: r.src.log, Store: s, Keys: k})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	rec := record.New(typ)
	rec.Replay = &replay
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = log.CommitClosing(ctx, rec.AppendFields(nil))
	return err
}
