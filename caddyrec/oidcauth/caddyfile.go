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
	err := caddyrec.DirectiveOptions(d, func(option string) error { return h.unmarshalOption(d, option) }, "audience", "require")
	if err != nil {
		return err
	}
	if h.Issuer == "" {
		return d.Err("oidc_auth: issuer is missing: name the provider's issuer URL")
	}
	if len(h.Audiences) == 0 {
		return d.Err("oidc_auth: audience is missing: name the audience that this API's tokens have")
	}
	return nil
}

func (h *Handler) unmarshalOption(d *caddyfile.Dispenser, option string) error {
	switch option {
	case "issuer":
		return caddyrec.WordArg(d, &h.Issuer)
	case "audience":
		args := d.RemainingArgs()
		if len(args) == 0 {
			return d.ArgErr()
		}
		h.Audiences = append(h.Audiences, args...)
		return caddyrec.NoCommas(d, args)
	case "require":
		var r Requirement
		if err := caddyrec.ClaimArgs(d, &r.Claim, &r.Values); err != nil {
			return err
		}
		h.Require = append(h.Require, r)
	case "upstream_credential":
		h.UpstreamCredential = new(Credential)
		if !d.AllArgs(&h.UpstreamCredential.Header, &h.UpstreamCredential.Value) {
			return d.Err("upstream_credential takes a header field and one value: put a value with blanks in quotes")
		}
	case "token_profile":
		return caddyrec.WordArg(d, &h.TokenProfile)
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
