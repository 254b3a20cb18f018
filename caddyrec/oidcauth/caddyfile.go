package oidcauth

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddyrec/caddyrec/caddyrec"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("oidc_auth", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		m := new(Handler)
		return m, m.UnmarshalCaddyfile(h.Dispenser)
	})
}

// UnmarshalCaddyfile sets up the handler. For its syntax see [Handler].
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := h.unmarshalOption(d); err != nil {
			return err
		}
	}
	if h.Issuer == "" {
		return d.Err("oidc_auth: issuer is missing: name the provider's issuer URL")
	}
	if len(h.Audiences) == 0 {
		return d.Err("oidc_auth: audience is missing: name the audience that this API's tokens have")
	}
	return nil
}

func (h *Handler) unmarshalOption(d *caddyfile.Dispenser) error {
	switch option := d.Val(); option {
	case "issuer":
		if !d.AllArgs(&h.Issuer) {
			return d.ArgErr()
		}
	case "audience":
		args := d.RemainingArgs()
		if len(args) == 0 {
			return d.ArgErr()
		}
		h.Audiences = append(h.Audiences, args...)
	case "require":
		args := d.RemainingArgs()
		if len(args) < 2 {
			return d.ArgErr()
		}
		h.Require = append(h.Require, Requirement{Claim: args[0], Values: args[1:]})
	case "upstream_credential":
		if h.UpstreamCredential != nil {
			return d.Err("upstream_credential is set twice")
		}
		h.UpstreamCredential = new(Credential)
		if !d.AllArgs(&h.UpstreamCredential.Header, &h.UpstreamCredential.Value) {
			return d.ArgErr()
		}
	case "token_profile":
		if !d.AllArgs(&h.TokenProfile) {
			return d.ArgErr()
		}
	case "algorithms":
		if h.Algorithms = d.RemainingArgs(); len(h.Algorithms) == 0 {
			return d.ArgErr()
		}
	case "leeway":
		return caddyrec.DurationArg(d, &h.Leeway)
	default:
		return d.Errf("unrecognized oidc_auth option %q: use issuer, audience, require, upstream_credential, token_profile, algorithms or leeway", option)
	}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
