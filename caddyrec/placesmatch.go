package caddyrec

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// hasMatcher says whether a route is for some requests only.
func hasMatcher(r caddyhttp.Route) bool {
	return len(r.MatcherSetsRaw) > 0 || len(r.MatcherSets) > 0 || r.Group != ""
}

// matchersOf are a route's matcher sets as the configuration has them. Caddy
// provisions the matchers of a server's own routes before all handlers.
func matchersOf(r caddyhttp.Route) []caddy.ModuleMap {
	sets := slices.Clone([]caddy.ModuleMap(r.MatcherSetsRaw))
	for _, set := range r.MatcherSets {
		raw := make(caddy.ModuleMap)
		for _, m := range set {
			raw[caddy.GetModuleName(m)], _ = json.Marshal(m)
		}
		sets = append(sets, raw)
	}
	return sets
}

// matchersLine is the same for two routes that have the same matchers; "" if
// there are none.
func matchersLine(r caddyhttp.Route) string {
	sets := matchersOf(r)
	if len(sets) == 0 {
		return ""
	}
	text, _ := json.Marshal(sets)
	return "\n" + string(text) + "\n"
}

// lets says whether requests for path come into a route, as far as its path
// matchers say.
func lets(r caddyhttp.Route, path string) bool {
	sets := matchersOf(r)
	for _, set := range sets {
		var patterns []string
		if raw, ok := set["path"]; !ok || json.Unmarshal(raw, &patterns) != nil {
			return true
		}
		for _, pattern := range patterns {
			before, prefix := strings.CutSuffix(strings.ToLower(pattern), "*")
			if before == path || prefix && strings.HasPrefix(path, before) || strings.ContainsAny(before, "*{") {
				return true
			}
		}
	}
	return len(sets) == 0
}

// hostsOf names the hosts that a route is for; "" if it is not for some only.
func hostsOf(r caddyhttp.Route) string {
	var all []string
	for _, set := range matchersOf(r) {
		var hosts []string
		if json.Unmarshal(set["host"], &hosts) != nil || len(hosts) == 0 {
			return ""
		}
		all = append(all, hosts...)
	}
	return strings.Join(all, " ")
}
