package caddyrec

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// way is what a request has come through before it comes to a place.
type way struct {
	over     string // the directive that has answered every one
	recorder bool   // every one has passed a session_record
	approval bool   // every one has passed a jit_approval
	somebody bool   // one may have been authenticated
	claims   bool   // and more may be known than an id
}

// walk follows requests through routes and collects what is wrong there.
type walk struct {
	warnings []string
	err      error
	site     *votes
}

// votes is what a site has of approvals.
type votes struct{ asked, taken bool }

// checkPlaces follows requests through a server's routes. The first error is
// returned.
func checkPlaces(routes caddyhttp.RouteList) (warnings []string, err error) {
	var w walk
	var from way
	everywhere := new(votes)
	sites := []*votes{everywhere}
	for _, r := range routes {
		w.site = everywhere
		if matchesOnly(r, "host") {
			w.site = new(votes)
			sites = append(sites, w.site)
		}
		from = w.route(r, from, true)
	}
	for _, s := range sites {
		if s.asked && !s.taken && !everywhere.taken {
			w.warn("jit_approval: nobody can vote: it stands behind a path, and no handler of caddyrec's sees requests to %sapprovals: "+
				"put session_record, or oidc_auth, where all requests of the site come by", ReservedPrefix)
		}
	}
	return w.warnings, w.err
}

func (w *walk) warn(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(w.warnings, text) {
		w.warnings = append(w.warnings, text)
	}
}

func (w *walk) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// route follows requests through one route and says how they go on. voting says
// whether votes come to it.
func (w *walk) route(r caddyhttp.Route, from way, voting bool) way {
	to := from
	voting = voting && lets(r, ReservedPrefix+"approvals")
	for _, p := range placesOf(r) {
		to = w.place(p, to, voting)
	}
	if !hasMatcher(r) {
		if r.Terminal && to.over == "" {
			to.over = "a terminal route"
		}
		return to
	}
	from.somebody, from.claims = from.somebody || to.somebody, from.claims || to.claims
	return from
}

// place follows requests through one handler.
func (w *walk) place(p place, from way, voting bool) way {
	if p.Handler == "subroute" {
		for _, r := range p.inner {
			from = w.route(r, from, voting)
		}
		return from
	}
	if ours[p.Handler] {
		w.ours(p, from)
		w.site.taken = w.site.taken || voting
	}
	switch {
	case p.Handler == "session_record":
		from.recorder = true
	case p.Handler == "jit_approval":
		from.approval, w.site.asked = true, true
	case p.answers() && from.over == "":
		from.over = p.directive()
	case p.Handler == "authentication" || p.Handler == "oidc_auth":
		if from.recorder {
			w.warn("session_record stands before %s: intents will not say who asks, only outcomes will: put it behind", p.directive())
		}
	}
	if !anonymous[p.Handler] {
		from.somebody, from.claims = true, from.claims || !p.knowsIDOnly()
	}
	return from
}

// ours checks the place of a handler of caddyrec's.
func (w *walk) ours(p place, from way) {
	switch {
	case from.over != "":
		w.fail("%s stands behind %s, which answers every request, so that none would come to it: put it before", p.Handler, from.over)
	case p.Handler == "json_schema_guard" && (from.recorder || from.approval):
		first := "session_record"
		if !from.recorder {
			first = "jit_approval"
		}
		w.fail("json_schema_guard stands behind %s, where what its schemas call secret would be stored before it is known to be: "+
			"put json_schema_guard first, or %s into the same block, behind it", first, first)
	case p.Handler == "session_record" && from.recorder:
		w.warn("session_record stands behind another session_record: requests will be recorded twice: leave one out")
	case p.Handler == "session_record" && from.approval:
		w.warn("session_record stands behind jit_approval: requests that wait for approval, or do not get it, will not be recorded as requests: put it before")
	case p.Handler == "jit_approval" && !from.somebody:
		w.warn("jit_approval: nobody is authenticated where it stands, so that its requests get 401: put oidc_auth, or another authentication, before it")
	case p.Handler == "jit_approval" && !from.claims && p.Approvers.Claim != "id" && p.Approvers.Claim != "":
		w.warn("jit_approval: approvers %s: basic_auth knows users by their ids alone, so that nobody could vote: use approvers id <users...>", p.Approvers.Claim)
	}
}

// lets says whether a route's paths, if it is for some only, are also path.
func lets(r caddyhttp.Route, path string) bool {
	if len(r.MatcherSetsRaw) == 0 {
		return true
	}
	for _, set := range r.MatcherSetsRaw {
		raw, ok := set["path"]
		var patterns []string
		if !ok || json.Unmarshal(raw, &patterns) != nil {
			return true
		}
		for _, pattern := range patterns {
			before, rest := strings.CutSuffix(strings.ToLower(pattern), "*")
			if pattern == path || rest && strings.HasPrefix(path, before) || strings.ContainsAny(before, "*{") {
				return true
			}
		}
	}
	return false
}

// matchesOnly says whether each of a route's matcher sets has this matcher.
func matchesOnly(r caddyhttp.Route, matcher string) bool {
	for _, set := range r.MatcherSetsRaw {
		if _, ok := set[matcher]; !ok {
			return false
		}
	}
	return len(r.MatcherSetsRaw) > 0
}
