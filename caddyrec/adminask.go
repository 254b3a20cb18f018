package caddyrec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddyrec/caddyrec/ledger"
)

// maxAsk bounds what most admin endpoints read, in bytes.
const maxAsk = 64 << 10

// readAsk reads what is posted to an admin endpoint, of up to so many bytes. The
// error is a [caddy.APIError].
func readAsk(r *http.Request, most int64, ask any) error {
	if r.Method != http.MethodPost {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Message: "use POST"}
	}
	d := json.NewDecoder(io.LimitReader(r.Body, most))
	d.DisallowUnknownFields()
	if err := d.Decode(ask); err != nil {
		return wrongAsk(fmt.Errorf("reading the request: %w", err))
	}
	return nil
}

func wrongAsk(err error) error { return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err} }

// errWhy says that no reason is given.
var errWhy = errors.New("say why: it goes into the record")

// enterLog finds the gateway of a log, which stays open until leave is called. The
// error is a [caddy.APIError].
func enterLog(log string) (g *Gateway, leave func(), err error) {
	if g, err = gatewayOf(log); err != nil {
		return nil, nil, caddy.APIError{HTTPStatus: http.StatusNotFound, Err: err}
	}
	leave, ok := g.enter()
	if !ok {
		return nil, nil, caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errClosed}
	}
	return g, leave, nil
}

// enterLogOf is enterLog for who knows the log by the key in its public.key, too:
// there are logs of one name elsewhere. It answers alike whether no log of the
// name is open here or another one, so that who asked can write it themselves.
func enterLogOf(log, key string) (g *Gateway, leave func(), err error) {
	if g, leave, err = enterLog(log); err != nil {
		return nil, nil, err
	}
	if strings.TrimSpace(key) != g.keys.First() {
		leave()
		return nil, nil, caddy.APIError{HTTPStatus: http.StatusNotFound, Err: fmt.Errorf("log %s of this gateway is another one: its public key differs", g.name)}
	}
	return g, leave, nil
}

func writeAnswer(w http.ResponseWriter, answer any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(answer)
}

// statusOf is the status that says whose fault an error is.
func statusOf(err error) int {
	var wrong ledger.AskError
	var unrecorded *ledger.CommitError
	switch {
	case errors.As(err, &wrong):
		return http.StatusBadRequest
	case errors.As(err, &unrecorded):
		return http.StatusServiceUnavailable
	case errors.Is(err, fs.ErrNotExist):
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

// gatewayOf finds the gateway of a log by name.
func gatewayOf(log string) (*Gateway, error) {
	var found []*Gateway
	for _, g := range openGateways() {
		if log == "" || g.name == log {
			found = append(found, g)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && log == "":
		return nil, errors.New("no log is open here: does this Caddy's configuration use caddyrec?")
	case len(found) == 0:
		return nil, fmt.Errorf("log %s is not open here", log)
	case log == "":
		return nil, errors.New("several logs are open here: name one with log")
	}
	return nil, fmt.Errorf("log %s is open here in several stores: ask a gateway that has one of them", log)
}
