package caddyrec

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// CheckPlaces looks at where caddyrec's handlers stand among all those of the
// server that ctx provisions, once a server. An error means that one of them
// could not keep what it promises: nothing would come to it, or secrets would be
// on record before it has told what is secret. What is allowed but hardly meant
// is a warning in the log. Each handler calls it while it is provisioned, so
// that caddy validate tells as well.
func (a *App) CheckPlaces(ctx caddy.Context) error {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok || a.checked[server] {
		return nil
	}
	if a.checked == nil {
		a.checked = make(map[*caddyhttp.Server]bool)
	}
	a.checked[server] = true
	var onError caddyhttp.RouteList
	if server.Errors != nil {
		onError = server.Errors.Routes
	}
	warnings, err := checkPlaces(server.Routes, onError)
	for _, text := range warnings {
		a.logger.Warn(text)
	}
	return err
}

// place is a handler as the configuration has it.
type place struct {
	Handler string          `json:"handler"`
	Routes  json.RawMessage `json:"routes"` // of a subroute
	Errors  json.RawMessage `json:"errors"` // of a subroute: routes for its errors, behind which requests go on

	// By these a handler that answers as a rule lets requests on.
	HandleResponse []json.RawMessage    `json:"handle_response"`
	PassThru       bool                 `json:"pass_thru"`
	StatusCode     caddyhttp.WeakString `json:"status_code"`

	// Of a rewrite. The first of them may be all that it does.
	StripPathPrefix string          `json:"strip_path_prefix"`
	StripPathSuffix string          `json:"strip_path_suffix"`
	URI             string          `json:"uri"`
	URISubstring    json.RawMessage `json:"uri_substring"`
	PathRegexp      json.RawMessage `json:"path_regexp"`

	Providers map[string]json.RawMessage `json:"providers"` // of authentication
	Approvers struct {
		Claim string `json:"claim"`
	} `json:"approvers"` // of jit_approval

	inner caddyhttp.RouteList
}

// placesOf are a route's handlers. Caddy provisions one route after the other,
// and what a route is made of is not there any more once it is.
func placesOf(r caddyhttp.Route) []place {
	raws := r.HandlersRaw
	var places []place
	for i := range max(len(raws), len(r.Handlers)) {
		var p place
		if len(raws) > 0 {
			if json.Unmarshal(raws[i], &p) != nil {
				p = place{} // another's: nobody knows what it does
			}
		} else if sub, ok := r.Handlers[i].(*caddyhttp.Subroute); ok {
			p = place{Handler: "subroute", inner: sub.Routes}
			if sub.Errors != nil {
				p.Errors = json.RawMessage("{}")
			}
		} else {
			p = provisioned(r.Handlers[i])
		}
		if p.Handler == "subroute" && p.inner == nil && json.Unmarshal(p.Routes, &p.inner) != nil {
			p = place{}
		}
		places = append(places, p)
	}
	return places
}

// provisioned is a handler that runs already. Only those are looked into whose
// configuration is asked for: others may be changing theirs.
func provisioned(h caddyhttp.MiddlewareHandler) (p place) {
	name := caddy.GetModuleName(h)
	switch name {
	case "reverse_proxy", "file_server", "static_response", "jit_approval", "rewrite":
		text, err := json.Marshal(h)
		if err != nil || json.Unmarshal(text, &p) != nil {
			return place{}
		}
	}
	p.Handler = name
	return p
}

// answers says whether no request comes past this handler.
func (p place) answers() bool {
	switch p.Handler {
	case "reverse_proxy":
		return len(p.HandleResponse) == 0 // else it may be a forward_auth
	case "file_server":
		return !p.PassThru
	case "static_response":
		code, err := strconv.Atoi(string(p.StatusCode))
		return p.StatusCode == "" || err == nil && code >= 200 // 103 goes on; a placeholder may be that
	case "error":
		return true
	}
	return false
}

// stripped is the prefix that this takes off a path, if that is all that it does
// to paths.
func (p place) stripped() string {
	if p.StripPathSuffix != "" || p.URI != "" || p.URISubstring != nil || p.PathRegexp != nil || strings.ContainsAny(p.StripPathPrefix, "{%") {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(p.StripPathPrefix, "/"))
}

// knowsIDOnly says whether this is an authentication that knows of users what
// they are called, and nothing else.
func (p place) knowsIDOnly() bool {
	_, basic := p.Providers["http_basic"]
	return p.Handler == "authentication" && basic && len(p.Providers) == 1
}

// directive is what a Caddyfile calls this handler.
func (p place) directive() string {
	switch p.Handler {
	case "static_response":
		if strings.HasPrefix(string(p.StatusCode), "3") {
			return "redir"
		}
		return "respond"
	case "authentication":
		return "basic_auth"
	}
	return p.Handler
}

// static are the directives whose answers are the configuration's own: who has
// one in front takes a site out of service, or redirects all of it, as a snippet
// of many sites does not know.
var static = map[string]bool{"error": true, "redir": true, "respond": true}

// ours are caddyrec's handlers.
var ours = map[string]bool{"oidc_auth": true, "json_schema_guard": true, "session_record": true, "jit_approval": true, "session_replay": true}

// anonymous are the handlers after which nobody is authenticated who was not
// before. What is not on this list may be another's authentication.
var anonymous = map[string]bool{
	"json_schema_guard": true, "session_record": true, "jit_approval": true, "session_replay": true,
	"encode": true, "error": true, "file_server": true, "headers": true, "intercept": true, "log_append": true,
	"push": true, "request_body": true, "reverse_proxy": true, "rewrite": true, "static_response": true,
	"templates": true, "tracing": true, "vars": true,
}
