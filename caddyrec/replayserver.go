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
	return replayIn(server.Routes, r, asItCame(r))
}

// replayIn looks for it in the routes that r takes. Who calls may stand anywhere
// among them, before or after a rewrite, so a route is taken by what r is now or
// by what it was when it came.
func replayIn(routes caddyhttp.RouteList, r, came *http.Request) ReplayServer {
	for _, route := range routes {
		if len(route.MatcherSets) > 0 && !matches(route, r) && !matches(route, came) {
			continue
		}
		for _, h := range route.Handlers {
			switch h := h.(type) {
			case ReplayServer:
				return h
			case *caddyhttp.Subroute:
				if s := replayIn(h.Routes, r, came); s != nil {
					return s
				}
			}
		}
		if route.Terminal {
			return nil
		}
	}
	return nil
}

func matches(route caddyhttp.Route, r *http.Request) bool {
	ok, err := route.MatcherSets.AnyMatchWithError(r)
	return ok && err == nil
}

// asItCame is r as it was before any rewrite.
func asItCame(r *http.Request) *http.Request {
	first, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	if !ok || first.URL == nil {
		return r
	}
	came := r.WithContext(r.Context())
	came.Method, came.URL, came.RequestURI = first.Method, first.URL, first.RequestURI
	return came
}
