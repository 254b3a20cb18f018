package sessionrecord

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddyrec/caddyrec/caddyrec"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("session_record", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		m := new(Handler)
		return m, m.UnmarshalCaddyfile(h.Dispenser)
	})
}

// UnmarshalCaddyfile sets up the handler. For its syntax see [Handler].
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return caddyrec.DirectiveOptions(d, func(option string) error {
		switch option {
		case "max_body":
			return caddyrec.SizeArg(d, &h.MaxBody)
		case "oversize":
			return caddyrec.WordArg(d, &h.Oversize)
		case "intent":
			return caddyrec.WordArg(d, &h.Intent)
		case "mask_response":
			return h.unmarshalMaskResponse(d)
		default:
			return d.Errf("unrecognized session_record option %q: use max_body, oversize, intent or mask_response", option)
		}
	})
}

func (h *Handler) unmarshalMaskResponse(d *caddyfile.Dispenser) error {
	h.MaskResponse = new(MaskResponse)
	args := d.RemainingArgs()
	if len(args) == 0 {
		return nil
	}
	if args[0] != "unless" || len(args) < 3 {
		return d.Err("mask_response stands alone, or with: unless <claim> <values...>")
	}
	h.MaskResponse.Unless = &Claim{Name: args[1], Values: args[2:]}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
