package schemaguard

import (
	"encoding/json"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// asksBehind says whether every request that passes the guard which ctx
// provisions comes to a jit_approval. It looks at the routes that come after the
// guard, in its own list and in those around it. Caddy provisions handlers one
// after the other, so these have not been read yet; a jit_approval behind a
// matcher, in a group, behind a terminal route, or in a handler that is not a
// subroute does not count.
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
		if asksAny(behindLast(r.HandlersRaw, inside)) {
			return true, true
		}
		return asksAnyRoute(routes[i+1:], r.Terminal), !r.Terminal
	}
	return false, false
}

func asksAnyRoute(routes caddyhttp.RouteList, over bool) bool {
	for _, r := range routes {
		if over {
			return false
		}
		always := len(r.MatcherSets) == 0 && len(r.MatcherSetsRaw) == 0 && r.Group == ""
		if always && asksAny(r.HandlersRaw) {
			return true
		}
		over = r.Terminal // for some requests, if it has a matcher
	}
	return false
}

// rawHandler is what is read of a handler that is not provisioned.
type rawHandler struct {
	Handler string `json:"handler"`
	Routes  []struct {
		Group  string            `json:"group"`
		Match  []json.RawMessage `json:"match"`
		Handle []json.RawMessage `json:"handle"`
	} `json:"routes"`
}

func asksAny(handlers []json.RawMessage) bool {
	for _, raw := range handlers {
		var h rawHandler
		if json.Unmarshal(raw, &h) != nil {
			continue
		}
		if h.Handler == "jit_approval" {
			return true
		}
		if h.Handler != "subroute" {
			continue
		}
		for _, r := range h.Routes {
			if len(r.Match) == 0 && r.Group == "" && asksAny(r.Handle) {
				return true
			}
		}
	}
	return false
}

// behindLast are the handlers behind the last one of a kind.
func behindLast(handlers []json.RawMessage, kind string) []json.RawMessage {
	for i := len(handlers) - 1; i >= 0; i-- {
		var h struct {
			Handler string `json:"handler"`
		}
		if json.Unmarshal(handlers[i], &h) == nil && h.Handler == kind {
			return handlers[i+1:]
		}
	}
	return nil
}
