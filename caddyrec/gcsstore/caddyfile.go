package gcsstore

import (
	"math"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"

	"github.com/caddyrec/caddyrec/caddyrec"
)

// UnmarshalCaddyfile reads the store gcs. For its syntax see [GCS].
func (g *GCS) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if !d.AllArgs(&g.Bucket) {
		return d.ArgErr()
	}
	return caddyrec.EachOption(d, func(option string) error {
		switch option {
		case "prefix":
			return caddyrec.WordArg(d, &g.Prefix)
		case "endpoint":
			return caddyrec.WordArg(d, &g.Endpoint)
		case "on_full":
			return caddyrec.WordArg(d, &g.OnFull)
		case "ack":
			return caddyrec.WordArg(d, &g.Ack)
		case "folder":
			return caddyrec.WordArg(d, &g.Folder)
		case "retention":
			return g.unmarshalRetention(d)
		case "spool":
			return g.unmarshalSpool(d)
		default:
			return d.Errf("unrecognized option %q of store gcs: use prefix, retention, spool, on_full, ack, folder or endpoint", option)
		}
	})
}

func (g *GCS) unmarshalRetention(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) == 1 && args[0] == "off" {
		return nil
	}
	if len(args) != 2 || args[0] != "locked" && args[0] != "unlocked" {
		return d.Err("retention: use locked <duration>, unlocked <duration>, or off")
	}
	term, err := caddy.ParseDuration(args[1])
	if err != nil || term <= 0 {
		return d.Errf("retention %s: not a positive duration, such as 400d", args[1])
	}
	g.Retention = &Retention{Mode: args[0], For: caddy.Duration(term)}
	return nil
}

func (g *GCS) unmarshalSpool(d *caddyfile.Dispenser) error {
	g.Spool = new(Spool)
	var limit string
	if !d.AllArgs(&g.Spool.Folder, &limit) {
		return d.ArgErr()
	}
	n, err := humanize.ParseBytes(limit)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return d.Errf("spool %s: not a size, such as 4GiB", limit)
	}
	g.Spool.Limit = int64(n)
	return nil
}

var _ caddyfile.Unmarshaler = (*GCS)(nil)
