package caddyrec

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

const (
	oidc     = `{"handler":"oidc_auth"}`
	basic    = `{"handler":"authentication"}`
	guard    = `{"handler":"json_schema_guard"}`
	recorder = `{"handler":"session_record"}`
	approve  = `{"handler":"jit_approval"}`
	proxy    = `{"handler":"reverse_proxy"}`
	forward  = `{"handler":"reverse_proxy","handle_response":[{}]}`
	users    = `{"handler":"authentication","providers":{"http_basic":{}}}`
	groups   = `{"handler":"jit_approval","approvers":{"claim":"groups"}}`
	ids      = `{"handler":"jit_approval","approvers":{"claim":"id"}}`
	strip    = `{"handler":"rewrite","strip_path_prefix":"/api"}`
	another  = `{"handler":"anothers","routes":"of its own kind"}`
)

func in(routes ...string) string {
	return `{"handle":[{"handler":"subroute","routes":[` + strings.Join(routes, ",") + `]}]}`
}

func route(handlers ...string) string { return `{"handle":[` + strings.Join(handlers, ",") + `]}` }

func on(path, rest string) string { return `{"match":[{"path":["` + path + `"]}],` + rest[1:] }

func onHost(host, rest string) string {
	return `{"match":[{"host":["` + host + `"]}],"terminal":true,` + rest[1:]
}

// otherHosts is a site for all hosts that no other is for, as the adapter has it.
func otherHosts(rest string) string { return `{"terminal":true,` + rest[1:] }

func onlyNew(rest string) string { return `{"match":[{"vars":{"seen":[""]}}],` + rest[1:] }

func look(t *testing.T, routes ...string) ([]string, error) {
	t.Helper()
	var list caddyhttp.RouteList
	if err := json.Unmarshal([]byte("["+strings.Join(routes, ",")+"]"), &list); err != nil {
		t.Fatal(err)
	}
	return checkPlaces(list, nil)
}

func TestAHandlerThatCouldNotKeepItsPromiseIsRefused(t *testing.T) {
	for want, lists := range map[string][][]string{
		"session_record stands behind reverse_proxy": {
			{route(proxy, recorder)}, {route(proxy), route(recorder)}, {in(route(basic, proxy)), route(recorder)}, {in(route(proxy), on("/x", in(route(recorder))))},
		},
		"oidc_auth stands behind a terminal":    {{`{"handle":[` + basic + `],"terminal":true}`, route(oidc)}},
		"guard stands behind session_record":    {{route(recorder, guard)}, {in(route(recorder), on("/orders", in(route(guard, proxy))))}, {in(on("/x", route(recorder)), on("/y", route(proxy)), on("/x", in(route(guard, proxy))))}},
		"guard stands behind jit_approval":      {{route(basic, approve, guard)}},
		"jit_approval stands behind file_serve": {{route(basic, `{"handler":"file_server"}`, approve)}},
	} {
		for _, routes := range lists {
			if _, err := look(t, routes...); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ": put ") {
				t.Errorf("%v: got %v, want %q", routes, err, want)
			}
		}
	}
}

func TestAPlaceThatIsHardlyMeantIsWarnedOf(t *testing.T) {
	for want, lists := range map[string][][]string{
		"oidc_auth stands behind respond":                  {{route(`{"handler":"static_response"}`, oidc)}, {route(`{"handler":"static_response","status_code":404}`, oidc, proxy)}},
		"oidc_auth stands behind redir":                    {{route(`{"handler":"static_response","status_code":302}`, oidc)}},
		"oidc_auth stands behind error":                    {{route(`{"handler":"error","status_code":503}`, oidc, proxy)}},
		"session_record stands before basic_auth":          {{route(recorder, basic, proxy)}, {in(route(recorder), on("/x", in(route(basic, proxy))))}},
		"session_record stands before oidc_auth":           {{route(recorder, oidc, proxy)}},
		"session_record stands behind jit_approv":          {{route(basic, approve, recorder)}},
		"behind another session_record":                    {{route(recorder), on("/x", route(recorder))}},
		"jit_approval: nobody is authenticated":            {{route(recorder, approve)}, {route(forward, approve)}},
		"jit_approval: approvers groups: basic_auth knows": {{route(users, recorder, groups)}, {in(route(users), on("/x", in(route(groups)))), route(recorder)}},
		"nobody can vote: no authentication sees":          {{on("/refunds", route(basic)), route(recorder, approve)}, {onHost("a.example", in(on("/api/*", route(oidc)), route(recorder), on("/api/refunds", route(approve)))), onHost("b.example", route(oidc, recorder))}},
		"jit_approval: no request comes to it: /api has":   {{route(oidc, strip), on("/api/refunds", route(approve))}, {route(oidc), on("/API/*", in(route(strip), on("/api/refunds", in(route(approve)))))}, {on("/api/*", route(strip)), route(oidc), on("/api*", route(approve))}},
		"oidc_auth: no request comes to it: /api has":      {{route(strip), on("/api/*", route(oidc)), route(recorder)}},
		"jit_approval: nobody can vote":                    {{route(basic), on("/refunds*", route(recorder, approve, proxy))}, {onHost("a.example", in(route(basic), on("/refunds", route(approve)))), onHost("b.example", route(oidc))}},
	} {
		for _, routes := range lists {
			warnings, err := look(t, routes...)
			if err != nil || !slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, want) }) {
				t.Errorf("%v: got %q and %v, want %q", routes, warnings, err, want)
			}
		}
	}
}

func TestPlacesThatMayBeMeantAreLeftAlone(t *testing.T) {
	for name, routes := range map[string][]string{
		"the chain":                       {route(oidc, guard, recorder, approve, proxy)},
		"behind forward_auth":             {route(forward, recorder, proxy)},
		"behind a file, passed on":        {route(`{"handler":"file_server","pass_thru":true}`, recorder, proxy)},
		"behind early hints":              {route(`{"handler":"static_response","status_code":103}`, recorder, proxy)},
		"behind a status of a request":    {route(`{"handler":"static_response","status_code":"{vars.status}"}`, recorder, proxy)},
		"behind what matches":             {on("/static/*", route(proxy)), route(recorder, proxy)},
		"behind a handle block":           {`{"group":"g","handle":[` + proxy + `]}`, `{"group":"g","handle":[` + recorder + `]}`},
		"recorders of different requests": {on("/a", route(recorder)), on("/b", route(recorder, proxy)), route(proxy)},
		"a guard of other requests":       {on("/a", route(recorder)), on("/b", route(guard)), route(proxy)},
		"another's authentication":        {route(another, recorder, approve, proxy)},
		"somebody is known to some":       {on("/refunds", route(basic)), on("/.caddyrec/*", route(basic)), route(recorder, approve)},
		"votes where another handler is":  {onHost("a.example", in(route(basic), on("/.caddyrec/*", route(approve)), on("/refunds", route(approve))))},
		"votes at the recorder":           {route(basic, recorder), on("/refunds", route(approve, proxy))},
		"users by id":                     {route(users, ids)},
		"groups of an issuer":             {route(oidc, groups)},
		"groups of either":                {on("/x", route(users)), on("/.caddyrec/*", route(oidc)), route(groups)},
		"votes of those who are known":    {`{"match":[{"path":["/api/*","/.caddyrec/*"]}],` + route(oidc, recorder)[1:], on("/api/refunds", route(approve))},
		"votes of those below a path":     {onHost("a.example", in(on("/api/*", route(oidc)), route(recorder), on("/api/*", in(route(strip), route(approve)))))},
		"below a path stripped":           {route(oidc, strip), on("/refunds", route(approve))},
		"a path stripped of some":         {`{"match":[{"method":["GET"]}],` + route(strip)[1:], route(oidc), on("/api/refunds", route(approve))},
		"a path put back":                 {route(oidc, strip, `{"handler":"rewrite","uri":"/api{uri}"}`), on("/api/refunds", route(approve))},
		"a path that begins like it":      {route(oidc, strip), on("/apis/refunds", route(approve))},
		"groups of another":               {route(`{"handler":"authentication","providers":{"jwt":{}}}`, groups)},
		"what an error goes on to":        {`{"handle":[{"handler":"subroute","routes":[` + route(`{"handler":"file_server"}`) + `],"errors":{"routes":[{}]}},` + recorder + `,` + proxy + `]}`},
		"a guard behind such an error":    {`{"handle":[{"handler":"subroute","routes":[` + route(recorder, proxy) + `],"errors":{"routes":[{}]}},` + guard + `,` + proxy + `]}`},
		"a guard of a path made anew":     {on("/a/*", route(recorder)), route(`{"handler":"rewrite","strip_path_prefix":"/b"}`), on("/a/*", route(guard, recorder)), route(proxy)},
		"a guard of what has changed":     {onlyNew(route(recorder)), route(`{"handler":"vars","seen":"1"}`), onlyNew(route(guard)), route(proxy)},
		"votes below a path stripped":     {onHost("a.example", in(route(basic), on("/app/*", in(route(`{"handler":"rewrite","strip_path_prefix":"/app"}`), route(approve)))))},
		"votes and no list":               {onHost("a.example", in(route(basic), on("/.caddyrec/approvals/*", route(recorder)), on("/refunds", route(approve))))},
		"votes in a named route":          {onHost("a.example", in(route(basic, `{"handler":"invoke","name":"rec"}`), on("/refunds", route(approve))))},
		"votes at a wildcard's recorder":  {`{"match":[{"host":["*.example"]}],` + route(basic, recorder)[1:], onHost("a.example", in(on("/refunds", route(approve))))},
		"votes everywhere":                {route(basic, recorder), onHost("a.example", in(on("/refunds", route(approve))))},
	} {
		if warnings, err := look(t, routes...); err != nil || len(warnings) > 0 {
			t.Errorf("%s: got %q and %v", name, warnings, err)
		}
	}
}

// Caddy provisions all matchers of a server before its handlers, and of one that
// says not it keeps nothing to be read.
func TestMatchersThatExcludeEachOtherAreNotTheSame(t *testing.T) {
	list := caddyhttp.RouteList{}
	text := `[{"match":[{"not":[{"method":["POST"]}]}],` + route(recorder, proxy)[1:] + `,{"match":[{"not":[{"method":["GET"]}]}],` + route(guard, recorder, proxy)[1:] + `]`
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(caddy.Context{Context: t.Context()})
	defer cancel()
	if err := list.ProvisionMatchers(ctx); err != nil {
		t.Fatal(err)
	}
	if warnings, err := checkPlaces(list, nil); err != nil || len(warnings) > 0 {
		t.Errorf("got %q and %v", warnings, err)
	}
}

func TestAnErrorThatGoesToAnUpstreamUnrecordedIsWarnedOf(t *testing.T) {
	const want = "handle_errors: reverse_proxy"
	recorded := onHost("a.example", in(route(recorder, proxy)))
	plain := onHost("b.example", in(route(proxy)))
	for name, c := range map[string]struct {
		routes, onError string
		warned          bool
	}{
		"of the site":            {recorded, onHost("a.example", in(route(proxy))), true},
		"of all sites":           {recorded + "," + plain, route(proxy), true},
		"where all recorded":     {route(recorder) + "," + plain, onHost("b.example", route(proxy)), true},
		"of another site":        {recorded + "," + plain, onHost("b.example", in(route(proxy))), false},
		"recorded there too":     {recorded, onHost("a.example", in(route(recorder, proxy))), false},
		"others recorded":        {plain + "," + otherHosts(in(route(recorder, proxy))), onHost("b.example", in(route(proxy))), false},
		"others proxied":         {recorded + "," + otherHosts(in(route(proxy))), onHost("a.example", in(route(`{"handler":"static_response"}`))) + "," + otherHosts(in(route(proxy))), false},
		"others' are the site's": {recorded + "," + otherHosts(in(route(proxy))), otherHosts(in(route(proxy))), true},
		"by a named route":       {recorded, onHost("a.example", in(route(`{"handler":"invoke","name":"rec"}`, proxy))), false},
		"answered here":          {recorded, onHost("a.example", in(route(`{"handler":"static_response"}`))), false},
	} {
		var routes, onError caddyhttp.RouteList
		if err := errors.Join(json.Unmarshal([]byte("["+c.routes+"]"), &routes), json.Unmarshal([]byte("["+c.onError+"]"), &onError)); err != nil {
			t.Fatal(err)
		}
		warnings, err := checkPlaces(routes, onError)
		warned := slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, want) })
		if err != nil || warned != c.warned || len(warnings) > 1 {
			t.Errorf("%s: got %q and %v", name, warnings, err)
		}
	}
}
