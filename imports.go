// Package caddyrec imports every caddyrec module, so that
//
//	xcaddy build --with github.com/caddyrec/caddyrec
//
// builds a Caddy with all of them: the app caddyrec, the directives oidc_auth,
// json_schema_guard, session_record and jit_approval, the matcher json, the
// local store, the log encoder masked, and the command caddy rec.
package caddyrec

import (
	_ "github.com/caddyrec/caddyrec/caddyrec"
	_ "github.com/caddyrec/caddyrec/caddyrec/cli"
	_ "github.com/caddyrec/caddyrec/caddyrec/jitapproval"
	_ "github.com/caddyrec/caddyrec/caddyrec/jsonmatch"
	_ "github.com/caddyrec/caddyrec/caddyrec/localstore"
	_ "github.com/caddyrec/caddyrec/caddyrec/maskedlog"
	_ "github.com/caddyrec/caddyrec/caddyrec/oidcauth"
	_ "github.com/caddyrec/caddyrec/caddyrec/schemaguard"
	_ "github.com/caddyrec/caddyrec/caddyrec/sessionrecord"
)
