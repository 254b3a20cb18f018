package caddyrec

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// ReservedPrefix begins the paths that caddyrec answers itself. The first of
// its handlers that sees such a request, once somebody has authenticated,
// answers it; it never goes on to the upstream.
const ReservedPrefix = "/.caddyrec/"

const approvalsPath = ReservedPrefix + "approvals"

// ReservedPath is path, below [ReservedPrefix], as r's client has to ask for it:
// where a prefix has been taken off the path before, as handle_path does, behind
// that. One that is not on record as it stands may have a secret in it; it is left
// out.
func (v *Visit) ReservedPath(r *http.Request, path string) string {
	prefix, ok := strings.CutSuffix(asItCame(r).URL.EscapedPath(), r.URL.EscapedPath())
	shown, err := url.Parse(v.Request.URL)
	if !ok || err != nil || !strings.HasPrefix(prefix, "/") || strings.HasPrefix(prefix, "//") || !strings.HasPrefix(shown.EscapedPath(), prefix+"/") {
		return path
	}
	return prefix + path
}

// ServeReserved answers a request to a reserved path, and says whether it was
// one.
//
//	GET  /.caddyrec/approvals             what waits, for those who may vote or who asked
//	GET  /.caddyrec/approvals/{id}        one of them
//	POST /.caddyrec/approvals/{id}/votes  {"decision":"approve"|"deny","reason":"…"}
//
// What is under [ReplayPrefix] is session_replay's.
func (v *Visit) ServeReserved(w http.ResponseWriter, r *http.Request) (served bool, err error) {
	if !reserved(r.URL.Path) {
		return false, nil
	}
	v.Identify(r)
	if s := Replay(r); s != nil {
		return true, s.ServeReplay(w, r, v)
	}
	if v.Identity == nil {
		p := exchange.NoIdentity()
		v.Deny(record.Denial{By: "caddyrec", Status: p.Status, Reason: p.Reason}, nil)
		return true, p.Write(w, v.Exchange)
	}
	api := approvalAPI{Visit: v, voter: v.Voter(r), site: SiteOf(r)}
	id, isOne := strings.CutPrefix(r.URL.Path, approvalsPath+"/")
	switch {
	case r.URL.Path == approvalsPath && r.Method == http.MethodGet:
		return true, api.list(w, r)
	case isOne && r.Method == http.MethodGet && !strings.Contains(id, "/"):
		return true, api.get(w, r, id)
	case isOne && r.Method == http.MethodPost && strings.HasSuffix(id, "/votes"):
		return true, api.vote(w, r, strings.TrimSuffix(id, "/votes"))
	}
	return true, exchange.Problem{Title: "No such resource", Status: http.StatusNotFound, Reason: "not-found",
		Detail: "paths under " + ReservedPrefix + " belong to caddyrec"}.Write(w, v.Exchange)
}

// reserved says whether a path is one that caddyrec answers, be it with 404:
// also in the spellings that Caddy's path matcher takes for it, since it routes
// those here, and an upstream might as well.
func reserved(path string) bool {
	if strings.HasPrefix(path, ReservedPrefix) {
		return true
	}
	folded := strings.ToLower(path)
	return strings.Contains(folded, ".caddyrec/") && strings.HasPrefix(caddyhttp.CleanPath(folded, true), ReservedPrefix)
}
