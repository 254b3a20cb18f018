package caddyrec

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/ledger"
)

// retentionAsk is what the admin endpoint takes for holds and purges.
type retentionAsk struct {
	// Log names the log; it may be left out where there is one only.
	Log string `json:"log,omitempty"`
	// Hold names the hold to release.
	Hold string `json:"hold,omitempty"`
	// From and Until bound what a hold keeps.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Before: only what is older is purged.
	Before time.Time `json:"before,omitzero"`
	DryRun bool      `json:"dry_run,omitempty"`
	// Why and By go into the record.
	Why string `json:"why"`
	By  string `json:"by"`
}

func retentionRoutes() []caddy.AdminRoute {
	var routes []caddy.AdminRoute
	for pattern, do := range map[string]func(*Gateway, *http.Request, retentionAsk) (any, error){
		"/caddyrec/hold": hold, "/caddyrec/release": releaseHold, "/caddyrec/purge": purge,
	} {
		routes = append(routes, caddy.AdminRoute{Pattern: pattern, Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			return serveRetention(w, r, do)
		})})
	}
	return routes
}

func serveRetention(w http.ResponseWriter, r *http.Request, do func(*Gateway, *http.Request, retentionAsk) (any, error)) error {
	var ask retentionAsk
	if err := readAsk(r, maxAsk, &ask); err != nil {
		return err
	}
	if ask.Why == "" {
		return wrongAsk(errWhy)
	}
	g, leave, err := enterLog(ask.Log)
	if err != nil {
		return err
	}
	defer leave()
	answer, err := do(g, r, ask)
	if err != nil && answer == nil {
		return caddy.APIError{HTTPStatus: statusOf(err), Err: err}
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(statusOf(err))
	}
	return json.NewEncoder(w).Encode(answer)
}

func hold(g *Gateway, r *http.Request, ask retentionAsk) (any, error) {
	id, err := g.log.Hold(r.Context(), ledger.Hold{From: ask.From, Until: ask.Until, Why: ask.Why, By: ask.By})
	if err != nil {
		return nil, err
	}
	return map[string]string{"hold": id}, nil
}

func releaseHold(g *Gateway, r *http.Request, ask retentionAsk) (any, error) {
	if err := g.log.Release(r.Context(), ask.Hold, ask.Why, ask.By); err != nil {
		return nil, err
	}
	return map[string]string{"hold": ask.Hold}, nil
}

// purgeAnswer is what became of a purge. Error says why it ended early; the
// segments are then those before.
type purgeAnswer struct {
	Segments []ledger.Purged `json:"segments"`
	Error    string          `json:"error,omitempty"`
}

func purge(g *Gateway, r *http.Request, ask retentionAsk) (any, error) {
	if ask.Before.IsZero() {
		return nil, ledger.AskError("say before when")
	}
	done, err := g.purge(r.Context(), ledger.Purge{Before: ask.Before, Why: ask.Why, By: ask.By, DryRun: ask.DryRun})
	if err != nil && done == nil {
		return nil, err
	}
	answer := purgeAnswer{Segments: append([]ledger.Purged{}, done...)}
	if err != nil {
		answer.Error = err.Error()
		g.logger.Error("purging", zap.String("log", g.name), zap.Error(err))
	}
	return answer, err
}
