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
		"in the same route":               {`[{"handle":[` + guard + `,` + recorder + `,` + approve + `]}]`, true, true},
		"before the guard":                {`[{"handle":[` + approve + `,` + guard + `]}]`, false, true},
		"in the next route":               {`[{"handle":[` + guard + `]},{"handle":[` + approve + `]}]`, true, true},
		"behind a terminal route":         {`[{"handle":[` + guard + `],"terminal":true},{"handle":[` + approve + `]}]`, false, false},
		"behind another's end":            {`[{"handle":[` + guard + `]},{"handle":[` + proxy + `],"terminal":true},{"handle":[` + approve + `]}]`, false, false},
		"behind one that may end":         {`[{"handle":[` + guard + `]},{"match":[{"path":["/x"]}],"handle":[` + proxy + `],"terminal":true},{"handle":[` + approve + `]}]`, false, false},
		"behind what may answer":          {`[{"handle":[` + guard + `]},{"match":[{"path":["/x"]}],"handle":[` + proxy + `]},{"handle":[` + approve + `]}]`, false, false},
		"behind what answers, in a route": {`[{"handle":[` + guard + `,` + proxy + `,` + approve + `]}]`, false, false},
		"behind a respond":                {`[{"handle":[` + guard + `,{"handler":"static_response"},` + approve + `]}]`, false, false},
		"behind an error":                 {`[{"handle":[` + guard + `,{"handler":"error"},` + approve + `]}]`, false, false},
		"behind a file":                   {`[{"handle":[` + guard + `]},{"handle":[{"handler":"file_server","pass_thru":true}]},{"handle":[` + approve + `]}]`, false, false},
		"behind what passes on":           {`[{"handle":[` + guard + `,{"handler":"rewrite"},{"handler":"headers"},{"handler":"vars"},` + approve + `]}]`, true, true},
		"behind a terminal route in a subroute": {`[{"handle":[` + guard + `]},{"handle":[{"handler":"subroute","routes":[
			{"match":[{"path":["/x"]}],"handle":[` + recorder + `],"terminal":true},{"handle":[` + approve + `]}]}]}]`, false, false},
		"behind a subroute's end": {`[{"handle":[` + guard + `,{"handler":"subroute","routes":[
			{"match":[{"path":["/x"]}],"handle":[` + recorder + `],"terminal":true}]},` + approve + `]}]`, false, false},
		"in a terminal route of a subroute": {`[{"handle":[` + guard + `]},{"handle":[{"handler":"subroute","routes":[
			{"handle":[` + approve + `,` + proxy + `],"terminal":true}]}]}]`, true, true},
		"asked, and answered, in one that matches": {`[{"handle":[` + guard + `]},{"match":[{"path":["/x"]}],"handle":[` + approve + `,` + proxy + `],"terminal":true},{"handle":[` + approve + `]}]`, true, true},
		"between two guards":                       {`[{"handle":[` + guard + `,` + proxy + `,` + guard + `,` + approve + `]}]`, false, false},
		"behind the first of two guards":           {`[{"handle":[` + guard + `,` + approve + `,` + guard + `]}]`, false, true},
		"behind two guards":                        {`[{"handle":[` + guard + `,` + guard + `,` + approve + `]}]`, true, true},
		"behind a matcher":                         {`[{"handle":[` + guard + `]},{"match":[{"path":["/x"]}],"handle":[` + approve + `]}]`, false, true},
		"in a group":                               {`[{"handle":[` + guard + `]},{"group":"g","handle":[` + approve + `]}]`, false, true},
		"in a subroute":                            {`[{"handle":[` + guard + `,{"handler":"subroute","routes":[{"handle":[` + approve + `]}]}]}]`, true, true},
		"in a subroute's matcher":                  {`[{"handle":[` + guard + `,{"handler":"subroute","routes":[{"match":[{}],"handle":[` + approve + `]}]}]}]`, false, true},
		"in a handler nobody knows":                {`[{"handle":[` + guard + `,{"handler":"other","routes":[{"handle":[` + approve + `]}]}]}]`, false, false},
		"nowhere":                                  {`[{"handle":[` + guard + `,` + recorder + `,` + proxy + `]}]`, false, false},
		"nowhere yet":                              {`[{"handle":[` + guard + `,` + recorder + `]}]`, false, true},
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
