package schemaguard

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddyrec/caddyrec/caddyrec"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("json_schema_guard", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
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
		switch option := d.Val(); option {
		case "request":
			if h.Request != "" {
				return d.Err("request is set twice")
			}
			if !d.AllArgs(&h.Request) {
				return d.ArgErr()
			}
		case "response":
			if err := h.unmarshalResponse(d); err != nil {
				return err
			}
		case "mode":
			if !d.AllArgs(&h.Mode) {
				return d.ArgErr()
			}
		case "max_body":
			if err := caddyrec.SizeArg(d, &h.MaxBody); err != nil {
				return err
			}
		default:
			return d.Errf("unrecognized json_schema_guard option %q: use request, response, mode or max_body", option)
		}
	}
	return nil
}

func (h *Handler) unmarshalResponse(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	status, file := "2xx", ""
	switch len(args) {
	case 1:
		file = args[0]
	case 2:
		status, file = strings.ToLower(args[0]), args[1]
	default:
		return d.ArgErr()
	}
	if !validStatus(status) {
		return d.Errf("response %s: not a status such as 200 or a class such as 2xx", status)
	}
	if h.Responses == nil {
		h.Responses = make(map[string]string)
	}
	if _, twice := h.Responses[status]; twice {
		return d.Errf("response %s is set twice", status)
	}
	h.Responses[status] = file
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
