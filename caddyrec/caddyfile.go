package caddyrec

import (
	"encoding/json"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

func init() { httpcaddyfile.RegisterGlobalOption("caddyrec", parseApp) }

func parseApp(d *caddyfile.Dispenser, existing any) (any, error) {
	if existing != nil {
		d.Next() // so that the error names the line
		return nil, d.Err("caddyrec is configured twice: keep one caddyrec block")
	}
	app := new(App)
	if err := app.UnmarshalCaddyfile(d); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "caddyrec", Value: caddyconfig.JSON(app, nil)}, nil
}

// UnmarshalCaddyfile sets up the app from the caddyrec global option. For its
// syntax see [App].
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		switch option := d.Val(); option {
		case "store":
			if err := a.unmarshalStore(d); err != nil {
				return err
			}
		case "log":
			if !d.AllArgs(&a.Log) {
				return d.ArgErr()
			}
		case "commit_timeout":
			if err := DurationArg(d, &a.CommitTimeout); err != nil {
				return err
			}
		case "retain":
			if err := DurationArg(d, &a.Retain); err != nil {
				return err
			}
		case "mask":
			if err := a.unmarshalMask(d); err != nil {
				return err
			}
		default:
			return d.Errf("unrecognized caddyrec option %q: use store, log, commit_timeout, retain or mask", option)
		}
	}
	return nil
}

func (a *App) unmarshalStore(d *caddyfile.Dispenser) error {
	if a.StoreRaw != nil {
		return d.Err("store is set twice")
	}
	if !d.NextArg() {
		return d.ArgErr()
	}
	name := d.Val()
	mod, err := caddyfile.UnmarshalModule(d, "caddyrec.stores."+name)
	if err != nil {
		return err
	}
	a.StoreRaw = json.RawMessage(caddyconfig.JSONModuleObject(mod, "module", name, nil))
	return nil
}

func (a *App) unmarshalMask(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	if a.Mask == nil {
		a.Mask = new(Mask)
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		option := d.Val()
		args := d.RemainingArgs()
		var list *[]string
		switch option {
		case "keys":
			list = &a.Mask.Keys
		case "paths":
			list = &a.Mask.Paths
		case "detect":
			list = &a.Mask.Detect
		case "no_defaults":
			if len(args) > 0 {
				return d.ArgErr()
			}
			a.Mask.NoDefaults = true
			continue
		default:
			return d.Errf("unrecognized mask option %q: use keys, paths, detect or no_defaults", option)
		}
		if len(args) == 0 {
			return d.ArgErr()
		}
		*list = append(*list, args...)
	}
	return nil
}
