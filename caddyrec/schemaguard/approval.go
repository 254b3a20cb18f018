package schemaguard

import (
	"encoding/json"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// passing are the handlers that a request comes out of again, or is refused by:
// none of them lets it run. What is not on this list may answer itself, so that
// nothing behind it is sure to be asked.
var passing = map[string]bool{
	"json_schema_guard": true, "oidc_auth": true, "session_record": true, // and jit_approval, which is the end of the search
	"authentication": true, "encode": true, "headers": true, "log_append": true, "map": true,
	"request_body": true, "rewrite": true, "tracing": true, "vars": true,
}

// asksBehind says whether every request that passes the guard which ctx
// provisions comes to a jit_approval before anything that may answer it. It
// looks at the routes that come after the guard, in its own list and in those
// around it. Caddy provisions handlers one after the other, so these have not
// been read yet. Where it cannot tell, it says no: then requests that need
// approval are refused.
func asksBehind(ctx caddy.Context) bool {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return false
	}
	lineage := ctx.Modules()
	inside := "json_schema_guard"
	for i := len(lineage) - 2; i >= 0; i-- {
		sub, ok := lineage[i].(*caddyhttp.Subroute)
		if !ok {
			if _, ok := lineage[i].(caddyhttp.MiddlewareHandler); ok {
				return false
			}
			break
		}
		asks, on := asksAfter(sub.Routes, inside)
		if asks || !on {
			return asks
		}
		inside = "subroute"
	}
	asks, _ := asksAfter(server.Routes, inside)
	return asks
}

// asksAfter looks behind the handler that is being provisioned in routes, one
// of the kind inside. on says that what passes all routes goes on to the list
// around this one.
func asksAfter(routes caddyhttp.RouteList, inside string) (asks, on bool) {
	for i, r := range routes {
		if len(r.HandlersRaw) == 0 {
			continue // provisioned already
		}
		asks, over := asksBehindEach(r.HandlersRaw, inside)
		if asks || over || r.Terminal {
			return asks, asks
		}
		asks, over = asksAnyRoute(routes[i+1:])
		return asks, !over
	}
	return false, false
}

// asksBehindEach looks behind the handlers of a kind in one route's: which of
// them is being provisioned cannot be told, so it must hold for each.
func asksBehindEach(handlers []json.RawMessage, kind string) (asks, over bool) {
	found := false
	for i, raw := range handlers {
		var h rawHandler
		if json.Unmarshal(raw, &h) != nil || h.Handler != kind {
			continue
		}
		a, o := asksAny(handlers[i+1:])
		asks, over = a && (asks || !found), over || o
		found = true
	}
	return asks, over || !found
}

// asksAnyRoute says whether every request that comes to routes is asked about
// in one of them, and, if not, whether one may be over before their end.
func asksAnyRoute(routes caddyhttp.RouteList) (asks, over bool) {
	for _, r := range routes {
		asks, over := asksAny(r.HandlersRaw)
		switch {
		case asks && len(r.MatcherSets) == 0 && len(r.MatcherSetsRaw) == 0 && r.Group == "":
			return true, false
		case asks: // those that it matches; the others go on
		case over, r.Terminal:
			return false, true
		}
	}
	return false, false
}

// rawHandler is what is read of a handler that is not provisioned.
type rawHandler struct {
	Handler string              `json:"handler"`
	Routes  caddyhttp.RouteList `json:"routes"` // of a subroute
}

// asksAny is asksAnyRoute for handlers of one route.
func asksAny(handlers []json.RawMessage) (asks, over bool) {
	for _, raw := range handlers {
		var h rawHandler
		if err := json.Unmarshal(raw, &h); err != nil {
			return false, true
		}
		switch {
		case h.Handler == "jit_approval":
			return true, false
		case h.Handler == "subroute":
			if asks, over := asksAnyRoute(h.Routes); asks || over {
				return asks, over
			}
		case !passing[h.Handler]:
			return false, true
		}
	}
	return false, false
}
