package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage/local"
)

// question begins what goes on record.
func (f *originalsFlags) question(src *source) caddyrec.OpenedAsk {
	return caddyrec.OpenedAsk{Log: src.log, Why: f.ask.why, By: f.ask.by}
}

func opened(r *record.Record) caddyrec.OpenedRecord {
	return caddyrec.OpenedRecord{ID: r.ID, Seq: r.Seq, Exchange: r.Exchange}
}

// tell puts it on record that originals are opened.
func (f *originalsFlags) tell(src *source, ask caddyrec.OpenedAsk) error {
	key, err := src.small(publicKey)
	if err != nil {
		return fmt.Errorf("reading the log's key: %w", err)
	}
	ask.Key = string(key)
	gateway := retentionFlags{address: cmp.Or(f.ask.address, src.admin)}
	return src.record(&gateway, adminCall{path: "/caddyrec/originals", ask: ask}, ask.OriginalsOpened()...)
}

// record puts something on record by the gateway that writes the log or, where
// nobody answers or it is the gateway of other logs, by opening the log: whoever
// has its lock writes it.
func (s *source) record(gateway *retentionFlags, call adminCall, own ...*record.Record) error {
	status, text, err := gateway.post(call)
	switch {
	case err == nil && status < 400:
		return nil
	case err == nil && status != http.StatusNotFound:
		return fmt.Errorf("the gateway did not record it: %w", refused(status, text))
	case err == nil:
		err = refused(status, text)
	}
	if here := s.commit(own...); here != nil {
		return fmt.Errorf("%v; and the log cannot be written here: %w", err, here)
	}
	return nil
}

// lockWait is how long a command waits for another one that has the log open. A
// gateway does not let go of it.
const lockWait = 2 * time.Second

// commit opens the log itself, which must be in a local store, and commits
// records.
func (s *source) commit(records ...*record.Record) (err error) {
	if s.far {
		return errors.New("it is in a bucket: start its gateway, or name the gateway's admin endpoint with --address")
	}
	dir := filepath.Join(s.dir, "..", "..")
	// Neither a store nor keys are to be made here.
	key, err := os.Stat(filepath.Join(s.keysDir(), s.log+".signing.key"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no key to sign log %s with: do it where the log is written", s.keysDir(), s.log)
	} else if err != nil {
		return err
	}
	if isSomebodyElses(key) {
		return errors.New("the log belongs to another user: do it as the user that the gateway runs as")
	}
	if _, err := os.Stat(filepath.Join(dir, "caddyrec.json")); err != nil {
		return fmt.Errorf("%s is not a local store: start its gateway, or name its admin endpoint with --address", filepath.Clean(dir))
	}
	store, err := local.Open(dir)
	if err != nil {
		return err
	}
	defer closing(store, &err)
	keys, err := ledger.LoadKeys(s.keysDir(), s.log)
	if err != nil {
		return err
	}
	log, err := ledger.Open(ledger.Options{Dir: s.dir, Log: s.log, Store: store, Keys: keys, Wait: lockWait})
	if err != nil {
		return err
	}
	defer closing(log, &err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, r := range records {
		if _, err := log.Commit(ctx, r.AppendFields(nil)); err != nil {
			return err
		}
	}
	return nil
}

// closing closes c at a function's end; a failure is the function's.
func closing(c io.Closer, err *error) { *err = errors.Join(*err, c.Close()) }
