package caddyrec

import (
	"encoding/json"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/caddyrec/caddyrec/masking"
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
	return DirectiveOptions(d, func(option string) error {
		switch option {
		case "store":
			return a.unmarshalStore(d)
		case "log":
			return WordArg(d, &a.Log)
		case "commit_timeout":
			return DurationArg(d, &a.CommitTimeout)
		case "retain":
			return DurationArg(d, &a.Retain)
		case "mask":
			return a.unmarshalMask(d)
		case "encrypt_to":
			return recipientsArg(d, &a.EncryptTo)
		case "originals":
			return a.unmarshalOriginals(d)
		default:
			return d.Errf("unrecognized caddyrec option %q: use store, log, commit_timeout, retain, mask, encrypt_to or originals", option)
		}
	}, "encrypt_to")
}

func (a *App) unmarshalStore(d *caddyfile.Dispenser) error {
	if !d.NextArg() {
		return d.ArgErr()
	}
	name := d.Val()
	if _, err := caddy.GetModule("caddyrec.stores." + name); err != nil {
		return d.Errf("unrecognized store %q: use local or gcs; a store of another kind must be built in", name)
	}
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
	a.Mask = new(Mask)
	return EachOption(d, func(option string) error {
		return a.Mask.unmarshalOption(d, option)
	}, "keys", "paths", "detect", "allow", "pattern", "action")
}

func (a *App) unmarshalOriginals(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	a.Originals = new(Originals)
	return EachOption(d, func(option string) error {
		switch option {
		case "to":
			return recipientsArg(d, &a.Originals.To)
		case "max_body":
			return SizeArg(d, &a.Originals.MaxBody)
		default:
			return d.Errf("unrecognized originals option %q: use to or max_body", option)
		}
	}, "to")
}

// recipientsArg reads a subdirective's age recipients, one or more.
func recipientsArg(d *caddyfile.Dispenser, into *[]string) error {
	to := d.RemainingArgs()
	if len(to) == 0 {
		return d.ArgErr()
	}
	*into = append(*into, to...)
	return nil
}

func (m *Mask) unmarshalOption(d *caddyfile.Dispenser, option string) error {
	var list *[]string
	switch option {
	case "keys":
		list = &m.Keys
	case "paths":
		list = &m.Paths
	case "detect":
		list = &m.Detect
	case "allow":
		list = &m.Allow
	case "pattern":
		args := d.RemainingArgs()
		if len(args) != 2 {
			return d.ArgErr()
		}
		m.Patterns = append(m.Patterns, masking.Pattern{Name: args[0], Regexp: args[1]})
		return nil
	case "action":
		return m.unmarshalAction(d, d.RemainingArgs())
	case "no_defaults":
		return FlagArg(d, &m.NoDefaults)
	default:
		return d.Errf("unrecognized mask option %q: use keys, paths, detect, pattern, allow, action or no_defaults", option)
	}
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.ArgErr()
	}
	*list = append(*list, args...)
	return nil
}

func (m *Mask) unmarshalAction(d *caddyfile.Dispenser, args []string) error {
	if len(args) != 2 && len(args) != 3 {
		return d.ArgErr()
	}
	a := MaskAction{Action: args[1]}
	if len(args) == 3 {
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return d.Errf("action of %s: %q is not a number", args[0], args[2])
		}
		a.Keep = n
	}
	if _, err := masking.ParseAction(a.Action, a.Keep); err != nil {
		return d.Errf("action of %s: %v", args[0], err)
	}
	if _, again := m.Actions[args[0]]; again {
		return d.Errf("the action of %s is set twice", args[0])
	}
	if m.Actions == nil {
		m.Actions = make(map[string]MaskAction)
	}
	m.Actions[args[0]] = a
	return nil
}
