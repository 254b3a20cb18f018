package caddyrec

import (
	"errors"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddyrec/caddyrec/record"
)

// ReplayAsk is what the admin endpoint /caddyrec/replay takes: a replay, which
// another process runs, is about to begin or has ended. The answer is that it is
// on record.
type ReplayAsk struct {
	// Log names the log that the recording is in, Key is what its file
	// public.key holds: there are logs of one name elsewhere.
	Log    string        `json:"log"`
	Key    string        `json:"key"`
	Type   record.Type   `json:"type"`
	Replay record.Replay `json:"replay"`
}

// Record is the record that tells of it.
func (a ReplayAsk) Record() *record.Record {
	r := record.New(a.Type)
	r.Replay = &a.Replay
	return r
}

func (a ReplayAsk) check() error {
	switch {
	case a.Type != record.ReplayStarted && a.Type != record.ReplayFinished:
		return errors.New("a replay is started or finished")
	case !record.ValidID(a.Replay.ID):
		return errors.New("the replay's id is no UUID version 7")
	case a.Replay.Target == "":
		return errors.New("the replay has no target")
	}
	return nil
}

// serveReplay commits a record of a replay, which another process runs.
func serveReplay(w http.ResponseWriter, r *http.Request) error {
	var ask ReplayAsk
	if err := readAsk(r, maxAsk, &ask); err != nil {
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
	if err := g.count(g.append(10*time.Second, ask.Record(), ask.Type == record.ReplayFinished)); err != nil {
		return caddy.APIError{HTTPStatus: statusOf(err), Err: err}
	}
	return writeAnswer(w, struct{}{})
}
