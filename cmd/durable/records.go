package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/storage/local"
)

// records commits the same two records for each request to a ledger of its own:
// to make them is not what is measured.
type records struct {
	store *local.Store
	log   *ledger.Log

	intent, exchange []byte // as [ledger.Log.Commit] takes them
}

// openRecords reads the records from intent.json and exchange.json.
func openRecords(folder string) (_ writer, err error) {
	r := new(records)
	if r.intent, err = os.ReadFile(filepath.Join(folder, "intent.json")); err != nil {
		return nil, err
	}
	if r.exchange, err = os.ReadFile(filepath.Join(folder, "exchange.json")); err != nil {
		return nil, err
	}
	keys, err := ledger.LoadKeys(filepath.Join(folder, "keys"), "main")
	if err != nil {
		return nil, err
	}
	if r.store, err = local.Open(filepath.Join(folder, "store")); err != nil {
		return nil, err
	}
	r.log, err = ledger.Open(ledger.Options{Dir: filepath.Join(r.store.Root(), "ledger", "main"), Log: "main", Store: r.store, Keys: keys})
	if err != nil {
		return nil, errors.Join(err, r.store.Close())
	}
	return r, nil
}

func (r *records) close() error { return errors.Join(r.log.Close(), r.store.Close()) }

func (r *records) before() error {
	_, err := r.log.CommitWithin(patience, r.intent, false)
	return err
}

func (r *records) after() error {
	_, err := r.log.CommitWithin(patience, r.exchange, true)
	return err
}
