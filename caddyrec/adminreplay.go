package caddyrec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// maxReplayAsk bounds what is read, in bytes.
const maxReplayAsk = 64 << 10

// serveReplay commits a record of a replay, which another process runs.
func serveReplay(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Message: "use POST"}
	}
	var ask ReplayAsk
	d := json.NewDecoder(io.LimitReader(r.Body, maxReplayAsk))
	d.DisallowUnknownFields()
	if err := d.Decode(&ask); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: fmt.Errorf("reading the request: %w", err)}
	}
	if err := ask.check(); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	g, err := gatewayOf(ask.Log)
	if err == nil && !g.hasKey(ask.Key) {
		err = fmt.Errorf("log %s of this gateway is another one: its public key differs", g.name)
	}
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: err}
	}
	leave, ok := g.enter()
	if !ok {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errClosed}
	}
	defer leave()
	if err := g.count(g.append(10*time.Second, ask.Record(), ask.Type == record.ReplayFinished)); err != nil {
		return caddy.APIError{HTTPStatus: statusOf(err), Err: err}
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write([]byte("{}\n"))
	return err
}
