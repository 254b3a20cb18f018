package caddyrec

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddyrec/caddyrec/record"
)

// OpenedAsk is what the admin endpoint /caddyrec/originals takes: somebody is
// about to see what was masked in some records. The answer is that it is on
// record.
type OpenedAsk struct {
	// Log names the log; it may be left out where there is one only. Key is what
	// its file public.key holds: there are logs of one name elsewhere.
	Log string `json:"log,omitempty"`
	Key string `json:"key"`
	// Records are those whose originals are opened.
	Records []OpenedRecord `json:"records"`
	// Why and By go into the record.
	Why string `json:"why"`
	By  string `json:"by"`
}

// OpenedRecord is one record whose originals are opened.
type OpenedRecord struct {
	ID       string `json:"id"`
	Seq      uint64 `json:"seq"`
	Exchange string `json:"exchange,omitempty"`
}

// OriginalsOpened are the records that tell of it, one for each opened.
func (a OpenedAsk) OriginalsOpened() []*record.Record {
	var all []*record.Record
	for _, of := range a.Records {
		r := record.New(record.OriginalsOpened)
		r.Exchange = of.Exchange
		r.Opened = &record.Opened{Record: of.ID, Seq: int64(of.Seq), Why: a.Why, By: a.By}
		all = append(all, r)
	}
	return all
}

// maxOpened bounds how many records one question tells of.
const maxOpened = 10_000

func (a OpenedAsk) check() error {
	switch {
	case a.Why == "":
		return errWhy
	case len(a.Why) > 4<<10 || len(a.By) > 1<<10:
		return errors.New("why or by is too long")
	case len(a.Records) == 0 || len(a.Records) > maxOpened:
		return fmt.Errorf("say which records, %d at most", maxOpened)
	}
	for _, r := range a.Records {
		if !record.ValidID(r.ID) || r.Exchange != "" && !record.ValidID(r.Exchange) {
			return errors.New("a record's id or exchange is no UUID version 7")
		}
	}
	return nil
}

// serveOriginals commits that originals are opened before it answers.
func serveOriginals(w http.ResponseWriter, r *http.Request) error {
	var ask OpenedAsk
	if err := readAsk(r, 4<<20, &ask); err != nil {
		return err
	}
	if err := ask.check(); err != nil {
		return wrongAsk(err)
	}
	g, leave, err := enterLogOf(ask.Log, ask.Key)
	if err != nil {
		return err
	}
	defer leave()
	for _, opened := range ask.OriginalsOpened() {
		if err := g.Record(r.Context(), opened); err != nil {
			return caddy.APIError{HTTPStatus: statusOf(err), Err: err}
		}
	}
	return writeAnswer(w, struct{}{})
}
