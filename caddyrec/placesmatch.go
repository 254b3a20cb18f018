package caddyrec

import (
	"cmp"
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

// lasting are the matchers that tell all they are about once they are
// provisioned, as not and others' need not, and that say the same of a request
// wherever it has come, as vars does not.
var lasting = map[string]bool{
	"client_ip": true, "header": true, "header_regexp": true, "host": true, "method": true, "path": true,
	"path_regexp": true, "protocol": true, "query": true, "remote_ip": true,
}

// matchersLine is the same for two routes that are for the same requests; ""
// if there are no matchers, or it is not certain.
func matchersLine(r caddyhttp.Route) string {
	sets := matchersOf(r)
	if len(sets) == 0 {
		return ""
	}
	for _, set := range sets {
		for name := range set {
			if !lasting[name] {
				return ""
			}
		}
	}
	text, _ := json.Marshal(sets)
	return "\n" + string(text) + "\n"
}

// pathsOf are the patterns of a set's path matcher, in lower case, as it compares
// them, if it has one that can be read.
func pathsOf(set caddy.ModuleMap) (patterns []string, ok bool) {
	raw, ok := set["path"]
	if !ok || json.Unmarshal(raw, &patterns) != nil {
		return nil, false
	}
	for i, pattern := range patterns {
		patterns[i] = strings.ToLower(pattern)
	}
	return patterns, true
}

// lets says whether requests for path come into a route, as far as its path
// matchers say.
func lets(r caddyhttp.Route, path string) bool {
	sets := matchersOf(r)
	for _, set := range sets {
		patterns, ok := pathsOf(set)
		if !ok {
			return true
		}
		for _, pattern := range patterns {
			before, prefix := strings.CutSuffix(pattern, "*")
			if before == path || prefix && strings.HasPrefix(path, before) || strings.ContainsAny(before, "*{") {
				return true
			}
		}
	}
	return len(sets) == 0
}

// onlyBelow is the first path of a route that takes no others than those below
// prefix, if it has paths.
func onlyBelow(r caddyhttp.Route, prefix string) (path string, below bool) {
	for _, set := range matchersOf(r) {
		patterns, _ := pathsOf(set)
		if len(patterns) == 0 {
			return "", false
		}
		for _, pattern := range patterns {
			rest, ok := strings.CutPrefix(pattern, prefix)
			if !ok || rest != "" && rest[0] != '/' && rest != "*" {
				return "", false
			}
		}
		path = cmp.Or(path, patterns[0])
	}
	return path, path != ""
}

// allBelow says whether a route takes all requests below prefix.
func allBelow(r caddyhttp.Route, prefix string) bool {
	return r.Group == "" && slices.ContainsFunc(matchersOf(r), func(set caddy.ModuleMap) bool {
		patterns, _ := pathsOf(set)
		return len(set) == 1 && (slices.Contains(patterns, prefix+"*") || slices.Contains(patterns, prefix+"/*"))
	})
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

// others stands for the hosts that no other site is for.
const others = "other hosts"

// siteOf names the site that a route is, by its hosts; "" if requests for all
// come into it and may go on to others.
func siteOf(r caddyhttp.Route) string {
	if hosts := hostsOf(r); hosts != "" || !r.Terminal {
		return hosts
	}
	return others
}
