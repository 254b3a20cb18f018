package caddyrec

import (
	"errors"
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
	var ask rotateAsk
	if err := readAsk(r, maxAsk, &ask); err != nil {
		return err
	}
	g, leave, err := enterLog(ask.Log)
	if err != nil {
		return err
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
	return writeAnswer(w, map[string]string{"public_key": public})
}
