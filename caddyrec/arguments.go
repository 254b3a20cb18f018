package caddyrec

import (
	"math"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// DirectiveOptions is [EachOption] for a directive, which d is before. It takes no
// arguments of its own.
func DirectiveOptions(d *caddyfile.Dispenser, read func(option string) error, repeated ...string) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	return EachOption(d, read, repeated...)
}

// EachOption calls read at the name of each option in the block that d is
// before. One that is there already is refused, since one of the two would be
// lost without a word; those that may be repeated are for read to join.
func EachOption(d *caddyfile.Dispenser, read func(option string) error, repeated ...string) error {
	var seen []string
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		option := d.Val()
		if slices.Contains(seen, option) && !slices.Contains(repeated, option) {
			return d.Errf("%s is set twice", option)
		}
		seen = append(seen, option)
		if err := read(option); err != nil {
			return err
		}
	}
	return nil
}

// WordArg reads a subdirective's one argument.
func WordArg(d *caddyfile.Dispenser, into *string) error {
	if !d.AllArgs(into) {
		return d.ArgErr()
	}
	return nil
}

// FlagArg sets what a subdirective without arguments switches on.
func FlagArg(d *caddyfile.Dispenser, into *bool) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	*into = true
	return nil
}

// ClaimArgs reads a subdirective's arguments that are a claim and the values it
// may have, one at least.
func ClaimArgs(d *caddyfile.Dispenser, claim *string, values *[]string) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.ArgErr()
	}
	*claim, *values = args[0], args[1:]
	return NoCommas(d, args)
}

// NoCommas refuses arguments that end in a comma: values stand apart by blanks,
// and one that is compared exactly would never be met with its comma.
func NoCommas(d *caddyfile.Dispenser, args []string) error {
	for _, arg := range args {
		if strings.HasSuffix(arg, ",") {
			return d.Errf("%q ends in a comma: separate values by blanks alone", arg)
		}
	}
	return nil
}

// DurationArg reads a subdirective's one argument, a positive duration.
func DurationArg(d *caddyfile.Dispenser, into *caddy.Duration) error {
	option, text := d.Val(), ""
	if !d.AllArgs(&text) {
		return d.ArgErr()
	}
	dur, err := caddy.ParseDuration(text)
	if err != nil || dur <= 0 {
		return d.Errf("%s %s: not a positive duration, such as 10s, 2m or 1d", option, text)
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
