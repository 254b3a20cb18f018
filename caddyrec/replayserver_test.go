package caddyrec

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// counting matches every request, and counts them.
type counting struct{ asked int }

func (c *counting) MatchWithError(*http.Request) (bool, error) {
	c.asked++
	return true, nil
}

// standIn stands where session_replay does.
type standIn struct{ ReplayServer }

func (standIn) ServeHTTP(http.ResponseWriter, *http.Request, caddyhttp.Handler) error { return nil }

func TestARequestsSessionReplayIsLookedForOnce(t *testing.T) {
	for name, handler := range map[string]caddyhttp.MiddlewareHandler{"with one": standIn{}, "without": &caddyhttp.VarsMiddleware{}} {
		seen := new(counting)
		server := &caddyhttp.Server{Routes: caddyhttp.RouteList{{
			MatcherSets: caddyhttp.MatcherSets{{seen}}, Handlers: []caddyhttp.MiddlewareHandler{handler},
		}}}
		r := httptest.NewRequest("GET", ReplayPrefix+"key", nil)
		ctx := context.WithValue(r.Context(), caddyhttp.ServerCtxKey, server)
		repl := caddy.NewReplacer()
		ctx = context.WithValue(ctx, caddy.ReplacerCtxKey, repl)
		r = r.WithContext(context.WithValue(ctx, caddyhttp.VarsCtxKey, map[string]any{}))
		first := Replay(r)
		if _, is := handler.(standIn); (first != nil) != is {
			t.Errorf("%s: found %v", name, first)
		}
		asked := seen.asked
		if again := Replay(r); again != first || seen.asked != asked {
			t.Errorf("%s: the routes are walked again, and give %v", name, again)
		}
		r.URL.Path = ReplayPrefix + "keys" // a rewrite
		if Replay(r); seen.asked == asked {
			t.Errorf("%s: after a rewrite it is what it was", name)
		}
		asked = seen.asked
		repl.Set("http.auth.user.id", "ana")
		if Replay(r); seen.asked == asked {
			t.Errorf("%s: for who has authenticated it is what it was", name)
		}
	}
}
