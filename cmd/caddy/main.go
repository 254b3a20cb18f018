// Command caddy is Caddy with caddyrec in it.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddyrec/caddyrec"
)

func main() { caddycmd.Main() }
