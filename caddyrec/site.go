package caddyrec

import (
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// SiteOf names the site that r is for, by what its operator set up: the
// server's listen addresses and the host names of the matching site block. The
// client's Host header alone does not decide: a catch-all site takes any.
// Authentication is set up by site, so an identity without an issuer means
// something on its own site only, and so does an approver's word.
func SiteOf(r *http.Request) string {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return ""
	}
	site := strings.Join(server.Listen, ",")
	for _, route := range server.Routes {
		if !route.Terminal {
			continue
		}
		for _, set := range route.MatcherSets {
			for _, m := range set {
				hosts, ok := m.(*caddyhttp.MatchHost)
				if !ok {
					continue
				}
				if matches, err := hosts.MatchWithError(r); err == nil && matches {
					return site + " " + strings.Join(*hosts, ",")
				}
			}
		}
	}
	return site
}
