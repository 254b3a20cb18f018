package caddyrec

import "github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

// The directives' places in the chain stand here together: the order of the
// calls is the order in the chain, and the order in which packages are
// initialized must not decide it. They are inside encode, so that bodies are
// seen plain, and outside intercept and templates.
func init() {
	httpcaddyfile.RegisterDirectiveOrder("oidc_auth", httpcaddyfile.Before, "basic_auth")
	for _, d := range []string{"json_schema_guard", "session_record", "jit_approval", "session_replay"} {
		httpcaddyfile.RegisterDirectiveOrder(d, httpcaddyfile.Before, "push")
	}
}
