package sessionreplay

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/replay/provision"
)

func init() { httpcaddyfile.RegisterDirective("session_replay", parse) }

// parse takes no matcher: the handler has paths of its own, and whoever comes
// before it in the chain hands them to it.
func parse(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	m := new(Handler)
	if err := m.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return h.NewRoute(nil, m), nil
}

// UnmarshalCaddyfile sets up the handler. For its syntax see [Handler].
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if err := caddyrec.DirectiveOptions(d, func(option string) error { return h.unmarshalOption(d, option) }); err != nil {
		return err
	}
	if h.IssueTo.Claim == "" {
		return d.Err("session_replay: issue_to is missing: say who may have keys issued, such as issue_to groups auditors")
	}
	return nil
}

func (h *Handler) unmarshalOption(d *caddyfile.Dispenser, option string) error {
	switch option {
	case "issue_to":
		return caddyrec.ClaimArgs(d, &h.IssueTo.Claim, &h.IssueTo.Values)
	case "ttl":
		return caddyrec.DurationArg(d, &h.TTL)
	case "max_ttl":
		return caddyrec.DurationArg(d, &h.MaxTTL)
	case "service":
		return caddyrec.WordArg(d, &h.Service)
	case "auto_revoke":
		for _, kind := range d.RemainingArgs() {
			h.AutoRevoke = append(h.AutoRevoke, provision.Anomaly(kind))
		}
		if len(h.AutoRevoke) == 0 {
			return d.ArgErr()
		}
		if _, err := (provision.Policy{AutoRevoke: h.AutoRevoke}).Complete(); err != nil {
			return d.WrapErr(err)
		}
	default:
		return d.Errf("unrecognized session_replay option %q: use issue_to, ttl, max_ttl, service or auto_revoke", option)
	}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
