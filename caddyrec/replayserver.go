package caddyrec

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// ReplayPrefix begins the paths that session_replay answers.
const ReplayPrefix = ReservedPrefix + "replay/"

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
	now := lookedFor{method: r.Method, host: r.Host, path: r.URL.Path}
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		now.user, _ = repl.GetString("http.auth.user.id")
	}
	if was, ok := caddyhttp.GetVar(r.Context(), replayVar).(*looked); ok && was.as == now {
		return was.found
	}
	found := replayIn(server.Routes, r, asItCame(r))
	caddyhttp.SetVar(r.Context(), replayVar, &looked{now, found})
	return found
}

// replayVar is where it is kept for a request, in Caddy's variables, for as long
// as no rewrite makes it another, and nobody authenticates it, since a site may be
// told by that: each of caddyrec's handlers asks for it.
const replayVar = "caddyrec.replay"

// lookedFor is what a request was when its session_replay was looked for.
type lookedFor struct{ method, host, path, user string }

// looked is what was found then; nil: there is none.
type looked struct {
	as    lookedFor
	found ReplayServer
}

// String hides everything: a placeholder reaches a variable.
func (*looked) String() string { return "" }

// replayIn looks for it in the routes that r takes. Who calls may stand anywhere
// among them, before or after a rewrite, so a route is taken by what r is now or
// by what it was when it came. Of a group, such as the handles of a site, it
// takes the first only: one that turns people away comes before what is for all
// others.
func replayIn(routes caddyhttp.RouteList, r, came *http.Request) ReplayServer {
	var nowTaken, cameTaken []string // groups
	for _, route := range routes {
		now, first := takes(route, r, &nowTaken), takes(route, came, &cameTaken)
		if !now && !first {
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

// takes says whether r takes a route, if it has taken those of some groups
// before.
func takes(route caddyhttp.Route, r *http.Request, taken *[]string) bool {
	if route.Group != "" && slices.Contains(*taken, route.Group) {
		return false
	}
	if len(route.MatcherSets) > 0 {
		if ok, err := route.MatcherSets.AnyMatchWithError(r); err != nil || !ok {
			return false
		}
	}
	if route.Group != "" {
		*taken = append(*taken, route.Group)
	}
	return true
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
