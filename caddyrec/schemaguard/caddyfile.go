package schemaguard

import (
	"strconv"
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
	return caddyrec.DirectiveOptions(d, func(option string) error { return h.unmarshalOption(d, option) }, "response", "mode")
}

func (h *Handler) unmarshalOption(d *caddyfile.Dispenser, option string) error {
	switch option {
	case "openapi":
		return caddyrec.WordArg(d, &h.OpenAPI)
	case "request":
		return caddyrec.WordArg(d, &h.Request)
	case "response":
		return h.unmarshalResponse(d)
	case "mode":
		return h.unmarshalMode(d)
	case "unknown_route":
		return denyOrPass(d, &h.UnknownRoute)
	case "unknown_status":
		return denyOrPass(d, &h.UnknownStatus)
	case "unknown_media":
		return denyOrPass(d, &h.UnknownMedia)
	case "max_body":
		return caddyrec.SizeArg(d, &h.MaxBody)
	case "status":
		return h.unmarshalStatus(d)
	default:
		return d.Errf("unrecognized json_schema_guard option %q: use openapi, request, response, mode, unknown_route, unknown_status, unknown_media, max_body or status", option)
	}
}

func denyOrPass(d *caddyfile.Dispenser, into *string) error {
	name := d.Val()
	if err := caddyrec.WordArg(d, into); err != nil {
		return err
	}
	if *into != "deny" && *into != "pass" {
		return d.Errf("%s %s: use deny or pass", name, *into)
	}
	return nil
}

// unmarshalMode reads one mode for both directions, or directions each with
// its mode.
func (h *Handler) unmarshalMode(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) == 1 {
		args = []string{"request", args[0], "response", args[0]}
	}
	if len(args) == 0 || len(args)%2 != 0 {
		return d.ArgErr()
	}
	for i := 0; i < len(args); i += 2 {
		side, mode := args[i], args[i+1]
		into := map[string]*string{"request": &h.RequestMode, "response": &h.ResponseMode}[side]
		if into == nil {
			return d.Errf("mode %s: not a direction: use request or response", side)
		}
		if *into != "" {
			return d.Errf("the mode of the %s is set twice", side)
		}
		if _, ok := modes[mode]; !ok {
			return d.Errf("mode %s: use enforce, report or shadow", mode)
		}
		*into = mode
	}
	return nil
}

func (h *Handler) unmarshalStatus(d *caddyfile.Dispenser) error {
	var text string
	if !d.AllArgs(&text) {
		return d.ArgErr()
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 400 || n > 499 {
		return d.Errf("status %s: not a status from 400 to 499, such as 400", text)
	}
	h.Status = n
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
