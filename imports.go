// Package caddyrec imports every caddyrec module, so that
//
//	xcaddy build --with github.com/caddyrec/caddyrec
//
// builds a Caddy with all of them: the app caddyrec, the directives oidc_auth,
// json_schema_guard, session_record, jit_approval and session_replay, the matcher json, the
// stores local and gcs, the log encoder masked, and the command caddy rec.
package caddyrec

import (
	_ "github.com/caddyrec/caddyrec/caddyrec"
	_ "github.com/caddyrec/caddyrec/caddyrec/cli"
	_ "github.com/caddyrec/caddyrec/caddyrec/gcsstore"
	_ "github.com/caddyrec/caddyrec/caddyrec/jitapproval"
	_ "github.com/caddyrec/caddyrec/caddyrec/jsonmatch"
	_ "github.com/caddyrec/caddyrec/caddyrec/localstore"
	_ "github.com/caddyrec/caddyrec/caddyrec/maskedlog"
	_ "github.com/caddyrec/caddyrec/caddyrec/oidcauth"
	_ "github.com/caddyrec/caddyrec/caddyrec/schemaguard"
	_ "github.com/caddyrec/caddyrec/caddyrec/sessionrecord"
	_ "github.com/caddyrec/caddyrec/caddyrec/sessionreplay"
)
