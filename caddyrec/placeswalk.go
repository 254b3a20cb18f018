package caddyrec

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// way is what a request has come through before it comes to a place.
type way struct {
	over     string // the directive that has answered every one
	recorder bool   // every one has passed a session_record
	recorded string // so have those that these matchers take, one a line
	approval bool   // every one has passed a jit_approval
	somebody bool   // one may have been authenticated
	claims   bool   // and more may be known than an id
	votes    bool   // one may be a vote
	voter    bool   // of somebody who is authenticated
	stripped string // the prefix that every one's path has lost
	lost     string // the path that this place is for, below that, so that none comes
	unseen   bool   // it has come through a named route, which may record it
}

// walk follows requests through routes and collects what is wrong there.
type walk struct {
	warnings []string
	err      error
	hosts    string // of the site
	site     *siteFacts
}

// siteFacts are what a site has somewhere.
type siteFacts struct {
	recorder bool
	asks     bool // for approval
	waits    bool // … as somebody who is authenticated
	votes    bool // votes may come to one of caddyrec's handlers
	voters   bool // … from somebody who is authenticated
	proxied  bool // by a reverse_proxy with no session_record before it
}

// checkPlaces follows requests through a server's routes, and errors through
// those of its handle_errors. The first error is returned.
func checkPlaces(routes, onError caddyhttp.RouteList) (warnings []string, err error) {
	var w walk
	sites := w.sites(routes, way{votes: true})
	everywhere := sites[""]
	for _, hosts := range slices.Sorted(maps.Keys(sites)) {
		s := sites[hosts]
		w.hosts = hosts
		if s.asks && !s.votes && !everywhere.votes {
			w.warn("jit_approval: nobody can vote: it stands behind a path, and no handler of caddyrec's sees requests to %sapprovals: "+
				"put session_record, or oidc_auth, where all requests of the site come by", ReservedPrefix)
		} else if s.waits && !s.voters && !everywhere.voters {
			w.warn("jit_approval: nobody can vote: no authentication sees requests to %sapprovals, so that they get 401: "+
				"have the matcher of oidc_auth take in %s* too", ReservedPrefix, ReservedPrefix)
		}
	}
	// By now somebody may be authenticated.
	failed := w.sites(onError, way{somebody: true, claims: true})
	for _, hosts := range slices.Sorted(maps.Keys(failed)) {
		w.hosts = hosts
		recorded := everywhere.recorder
		for of, site := range sites {
			comesHere := of == hosts || (hosts == "" || hosts == others) && failed[of] == nil
			recorded = recorded || site.recorder && comesHere
		}
		if failed[hosts].proxied && recorded {
			w.warn("handle_errors: reverse_proxy sends a request on that has failed, and its answer to the client, and neither is recorded: put session_record before it")
		}
	}
	return w.warnings, w.err
}

// sites follows requests through the routes of sites, and returns what each
// has, by its name; "" stands for what requests for all of them come through.
func (w *walk) sites(routes caddyhttp.RouteList, from way) map[string]*siteFacts {
	sites := map[string]*siteFacts{"": new(siteFacts)}
	for _, r := range routes {
		hosts := siteOf(r)
		if sites[hosts] == nil {
			sites[hosts] = new(siteFacts)
		}
		w.hosts, w.site = hosts, sites[hosts]
		from = w.route(r, from)
		if !r.Terminal { // its hosts may be among others'
			sites[""].votes = sites[""].votes || w.site.votes
			sites[""].voters = sites[""].voters || w.site.voters
		}
	}
	return sites
}

func (w *walk) warn(format string, args ...any) {
	if text := w.of(format, args...); !slices.Contains(w.warnings, text) {
		w.warnings = append(w.warnings, text)
	}
}

func (w *walk) fail(format string, args ...any) {
	if w.err == nil {
		w.err = errors.New(w.of(format, args...))
	}
}

// of is a text that begins with the site.
func (w *walk) of(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	if w.hosts != "" {
		text = w.hosts + ": " + text
	}
	return text
}

// route follows requests through one route and says how they go on.
func (w *walk) route(r caddyhttp.Route, from way) way {
	to := from
	only := matchersLine(r)
	to.recorder = to.recorder || only != "" && strings.Contains(from.recorded, only)
	to.votes = to.votes && lets(r, approvalsPath+"/")
	if from.stripped != "" {
		if path, below := onlyBelow(r, from.stripped); below {
			to.lost = path
		}
	}
	for _, p := range placesOf(r) {
		to = w.place(p, to)
	}
	if !hasMatcher(r) {
		if r.Terminal && to.over == "" {
			to.over = "a terminal route"
		}
		return to
	}
	stripped := to.stripped
	if stripped != "" && stripped != from.stripped && !allBelow(r, stripped) {
		stripped = "" // of some only
	}
	from = from.orThrough(to)
	if from.stripped = stripped; to.recorder && r.Group == "" {
		from.recorded += only
	}
	return from
}

// orThrough is the way of requests of which some have come on another one too.
func (from way) orThrough(to way) way {
	from.somebody, from.claims = from.somebody || to.somebody, from.claims || to.claims
	from.unseen, from.voter = from.unseen || to.unseen, from.voter || to.voter
	if to.recorded == "" {
		from.recorded = "" // a path was rewritten there
	}
	return from
}

// place follows requests through one handler.
func (w *walk) place(p place, from way) way {
	if p.Handler == "subroute" {
		to := from
		for _, r := range p.inner {
			to = w.route(r, to)
		}
		if p.Errors != nil { // an error goes on behind it, from wherever it is
			return from.orThrough(to)
		}
		return to
	}
	if p.Handler == "reverse_proxy" && !from.recorder && !from.unseen {
		w.site.proxied = true
	}
	if ours[p.Handler] {
		w.ours(p, from)
	}
	if ours[p.Handler] || p.Handler == "invoke" {
		w.site.votes = w.site.votes || from.votes
		w.site.voters = w.site.voters || from.votes && (from.voter || !anonymous[p.Handler])
	}
	switch {
	case p.Handler == "invoke":
		from.unseen = true
	case p.Handler == "rewrite": // as in handle_path: a path behind it is not the one before
		from.recorded, from.votes, from.voter = "", true, from.voter || from.somebody
		from.stripped = p.stripped()
	case p.Handler == "session_record":
		from.recorder, w.site.recorder = true, true
	case p.Handler == "jit_approval":
		from.approval, w.site.asks, w.site.waits = true, true, w.site.waits || from.somebody
	case p.answers() && from.over == "":
		from.over = p.directive()
	case p.Handler == "authentication" || p.Handler == "oidc_auth":
		if from.recorder {
			w.warn("session_record stands before %s: intents will not say who asks, only outcomes will: put it behind", p.directive())
		}
	}
	if !anonymous[p.Handler] {
		from.somebody, from.claims = true, from.claims || !p.knowsIDOnly()
		from.voter = from.voter || from.votes
	}
	return from
}

// ours checks the place of a handler of caddyrec's.
func (w *walk) ours(p place, from way) {
	if from.lost != "" {
		w.warn("%s: no request comes to it: %s has been taken off the path before its matcher, which wants %s: leave it out there", p.Handler, from.stripped, from.lost)
	}
	switch {
	case static[from.over]:
		w.warn("%s stands behind %s, which answers every request, so that none comes to it: put it before, if it is meant to see them", p.Handler, from.over)
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
