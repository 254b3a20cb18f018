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
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		var word *string
		switch option := d.Val(); option {
		case "max_body":
			if err := caddyrec.SizeArg(d, &h.MaxBody); err != nil {
				return err
			}
			continue
		case "oversize":
			word = &h.Oversize
		case "intent":
			word = &h.Intent
		case "mask_response":
			if err := h.unmarshalMaskResponse(d); err != nil {
				return err
			}
			continue
		default:
			return d.Errf("unrecognized session_record option %q: use max_body, oversize, intent or mask_response", option)
		}
		if !d.AllArgs(word) {
			return d.ArgErr()
		}
	}
	return nil
}

func (h *Handler) unmarshalMaskResponse(d *caddyfile.Dispenser) error {
	if h.MaskResponse != nil {
		return d.Err("mask_response is set twice")
	}
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
