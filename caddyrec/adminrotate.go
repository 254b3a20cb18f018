package caddyrec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
)

// rotateAsk is what the admin endpoint takes to change a log's signing key.
type rotateAsk struct {
	// Log names the log; it may be left out where there is one only.
	Log string `json:"log,omitempty"`
	// Key is the public half of the key that was left with the log's keys: a
	// gateway that finds another there, or none, is not the one that is meant.
	Key string `json:"key"`
}

// serveRotate has a gateway take up the signing key that caddy rec keys rotate
// has made.
func serveRotate(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Message: "use POST"}
	}
	var ask rotateAsk
	d := json.NewDecoder(io.LimitReader(r.Body, 64<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(&ask); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: fmt.Errorf("reading the request: %w", err)}
	}
	g, err := gatewayOf(ask.Log)
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: err}
	}
	leave, ok := g.enter()
	if !ok {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errClosed}
	}
	defer leave()
	if next, err := g.nextKey(); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusInternalServerError, Err: err}
	} else if next != ask.Key && g.log.Verifier() != ask.Key {
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: errors.New("that key is not with the keys of this gateway's log: its store is another")}
	}
	public, err := g.rotateKey()
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: err}
	}
	if public == "" {
		public = g.log.Verifier()
	}
	g.logger.Info("the signing key was changed by the admin endpoint", zap.String("log", g.name))
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]string{"public_key": public})
}
