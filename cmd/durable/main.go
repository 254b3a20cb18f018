// Command durable is Caddy with a handler that makes durable what the whole chain
// makes durable, and does nothing else: what make bench holds the chain against.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

func main() { caddycmd.Main() }
