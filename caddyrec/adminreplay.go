package caddyrec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/uuid"

	"github.com/caddyrec/caddyrec/record"
)

// replayAsk is what the admin endpoint takes to put a replay on record.
type replayAsk struct {
	// Log names the log that the recording is in, PublicKey is the first key
	// that it was signed with: a log of the same name is not the same log.
	Log       string        `json:"log"`
	PublicKey string        `json:"public_key"`
	Type      record.Type   `json:"type"`
	Replay    record.Replay `json:"replay"`
}

// maxReplayAsk bounds what is read, in bytes.
const maxReplayAsk = 64 << 10

// serveReplay commits a record of a replay, which another process runs.
func serveReplay(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Message: "use POST"}
	}
	var ask replayAsk
	d := json.NewDecoder(io.LimitReader(r.Body, maxReplayAsk))
	d.DisallowUnknownFields()
	if err := d.Decode(&ask); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: fmt.Errorf("reading the request: %w", err)}
	}
	id, err := uuid.Parse(ask.Replay.ID)
	switch {
	case ask.Type != record.ReplayStarted && ask.Type != record.ReplayFinished:
		err = errors.New("a replay is started or finished")
	case err != nil || id.Version() != 7:
		err = errors.New("the replay has no id")
	case ask.Replay.Target == "":
		err = errors.New("the replay has no target")
	}
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	g, err := gatewayOf(ask.Log)
	if err == nil && !g.hasKey(ask.PublicKey) {
		err = fmt.Errorf("log %s here is another one than that of the recording", ask.Log)
	}
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: err}
	}
	leave, ok := g.enter()
	if !ok {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errClosed}
	}
	defer leave()
	rec := record.New(ask.Type)
	rec.Replay = &ask.Replay
	if err := g.append(10*time.Second, rec, ask.Type == record.ReplayFinished); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: g.count(err)}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]string{"record": rec.ID})
}
