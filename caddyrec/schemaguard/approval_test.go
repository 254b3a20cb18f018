package schemaguard

import (
	"encoding/json"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

const (
	guard    = `{"handler":"json_schema_guard"}`
	recorder = `{"handler":"session_record"}`
	approve  = `{"handler":"jit_approval"}`
	proxy    = `{"handler":"reverse_proxy"}`
)

func TestAJITApprovalCountsOnlyWhereEveryRequestComesToIt(t *testing.T) {
	for name, c := range map[string]struct {
		routes   string // the first is being provisioned
		asks, on bool
	}{
		"in the same route":         {`[{"handle":[` + guard + `,` + recorder + `,` + approve + `]}]`, true, true},
		"before the guard":          {`[{"handle":[` + approve + `,` + guard + `]}]`, false, true},
		"in the next route":         {`[{"handle":[` + guard + `]},{"handle":[` + approve + `]}]`, true, true},
		"behind a terminal route":   {`[{"handle":[` + guard + `],"terminal":true},{"handle":[` + approve + `]}]`, false, false},
		"behind another's end":      {`[{"handle":[` + guard + `]},{"handle":[` + proxy + `],"terminal":true},{"handle":[` + approve + `]}]`, false, true},
		"behind one that may end":   {`[{"handle":[` + guard + `]},{"match":[{"path":["/x"]}],"handle":[` + proxy + `],"terminal":true},{"handle":[` + approve + `]}]`, false, true},
		"behind a matcher":          {`[{"handle":[` + guard + `]},{"match":[{"path":["/x"]}],"handle":[` + approve + `]}]`, false, true},
		"in a group":                {`[{"handle":[` + guard + `]},{"group":"g","handle":[` + approve + `]}]`, false, true},
		"in a subroute":             {`[{"handle":[` + guard + `,{"handler":"subroute","routes":[{"handle":[` + approve + `]}]}]}]`, true, true},
		"in a subroute's matcher":   {`[{"handle":[` + guard + `,{"handler":"subroute","routes":[{"match":[{}],"handle":[` + approve + `]}]}]}]`, false, true},
		"in a handler nobody knows": {`[{"handle":[` + guard + `,{"handler":"other","routes":[{"handle":[` + approve + `]}]}]}]`, false, true},
		"nowhere":                   {`[{"handle":[` + guard + `,` + recorder + `,` + proxy + `]}]`, false, true},
	} {
		var routes caddyhttp.RouteList
		if err := json.Unmarshal([]byte(c.routes), &routes); err != nil {
			t.Fatal(name, err)
		}
		if asks, on := asksAfter(routes, "json_schema_guard"); asks != c.asks || on != c.on {
			t.Errorf("%s: asks %v, goes on %v", name, asks, on)
		}
	}
}
