package caddyrec

import (
	"errors"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// ReplayPrefix begins the paths that session_replay answers.
const ReplayPrefix = ReservedPrefix + "replay/"

var errEnough = errors.New("enough")

// ReplayServer is the handler session_replay.
type ReplayServer interface {
	// Passes says whether r is one that session_replay lets in by itself, by a
	// provisioning key, so that nobody else need authenticate it.
	Passes(r *http.Request) bool
	// ServeReplay answers a request under ReplayPrefix. It never goes on to the
	// upstream.
	ServeReplay(w http.ResponseWriter, r *http.Request, v *Visit) error
}

// Replay is the session_replay of the site that r is for, if r's path is one
// that it answers; else nil. Whoever comes first in the chain calls it, so that
// no request with a provisioning key depends on what stands between the two.
func Replay(r *http.Request) ReplayServer {
	if !strings.HasPrefix(r.URL.Path, ReplayPrefix) {
		return nil
	}
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return nil
	}
	return replayIn(server.Routes, r)
}

// replayIn looks for it in the routes of r's host, whatever else they match: a
// rewrite may have come before.
func replayIn(routes caddyhttp.RouteList, r *http.Request) ReplayServer {
	for _, route := range routes {
		if !ofHost(route, r) {
			continue
		}
		for _, h := range route.Handlers {
			switch h := h.(type) {
			case ReplayServer:
				return h
			case *caddyhttp.Subroute:
				if s := replayIn(h.Routes, r); s != nil {
					return s
				}
			}
		}
		if route.Terminal && len(route.MatcherSets) > 0 {
			return nil // what comes after is another site's
		}
	}
	return nil
}

// ofHost says whether one of a route's matcher sets names r's host, or none.
func ofHost(route caddyhttp.Route, r *http.Request) bool {
	if len(route.MatcherSets) == 0 {
		return true
	}
	for _, set := range route.MatcherSets {
		fits := true
		for _, m := range set {
			if hosts, ok := m.(*caddyhttp.MatchHost); ok {
				matches, err := hosts.MatchWithError(r)
				fits = fits && err == nil && matches
			}
		}
		if fits {
			return true
		}
	}
	return false
}
