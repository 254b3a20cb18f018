package caddyrec

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/replay/provision"
)

// keyRevocation is what the admin endpoint takes for revoking a provisioning key.
type keyRevocation struct {
	// Log names the log; it may be left out where there is one only.
	Log string `json:"log,omitempty"`
	// Key is the key's id.
	Key string `json:"key"`
	// Why and By go into the record, Why masked.
	Why string `json:"why"`
	By  string `json:"by"`
}

func keyRoutes() []caddy.AdminRoute {
	return []caddy.AdminRoute{{Pattern: "/caddyrec/keys/revoke", Handler: caddy.AdminHandlerFunc(serveKeyRevocation)}}
}

func serveKeyRevocation(w http.ResponseWriter, r *http.Request) error {
	var ask keyRevocation
	if err := readAsk(r, maxAsk, &ask); err != nil {
		return err
	}
	if ask.Why == "" {
		return wrongAsk(errWhy)
	}
	if len(ask.By) > 1<<10 {
		return wrongAsk(errors.New("by is too long"))
	}
	g, leave, err := enterLog(ask.Log)
	if err != nil {
		return err
	}
	defer leave()
	// Who found a key somewhere may well say which.
	why := exchange.Masker{Policy: LogMasking()}.Text(ask.Why, provision.MaxPurpose)
	err = g.revokeKey(r.Context(), provision.Revocation{ID: ask.Key, By: ask.By, Why: why})
	switch {
	case provision.ReasonOf(err) == provision.NotFound:
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: errors.New("there is no such key: name it by its id, as its record has it")}
	case err != nil:
		return caddy.APIError{HTTPStatus: statusOf(err), Err: err}
	}
	return writeAnswer(w, map[string]string{"key": ask.Key})
}
