package caddyrec

import (
	"math"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// DurationArg reads a subdirective's one argument, a positive duration.
func DurationArg(d *caddyfile.Dispenser, into *caddy.Duration) error {
	option, text := d.Val(), ""
	if !d.AllArgs(&text) {
		return d.ArgErr()
	}
	dur, err := caddy.ParseDuration(text)
	if err != nil || dur <= 0 {
		return d.Errf("%s %s: not a positive duration, such as 10s or 2m", option, text)
	}
	*into = caddy.Duration(dur)
	return nil
}

// SizeArg reads a subdirective's one argument, a size such as 512KB or 1MiB.
func SizeArg(d *caddyfile.Dispenser, into *int64) error {
	option, text := d.Val(), ""
	if !d.AllArgs(&text) {
		return d.ArgErr()
	}
	n, err := humanize.ParseBytes(text)
	if err != nil || n == 0 || n > math.MaxInt32 {
		return d.Errf("%s %s: not a size between 1 byte and 2 GiB, such as 512KB or 1MiB", option, text)
	}
	*into = int64(n)
	return nil
}
