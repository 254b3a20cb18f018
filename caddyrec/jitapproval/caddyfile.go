package jitapproval

import (
	"encoding/json"
	"maps"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddyrec/caddyrec/caddyrec"
)

func init() { httpcaddyfile.RegisterDirective("jit_approval", parse) }

// parse makes three routes: the handler behind the reserved paths, so that
// approvers are answered whatever the user's matcher says; the handler behind
// that matcher; and, so that what an OpenAPI document wants approved is asked for
// whatever the matcher says, one without a matcher, which Caddy puts behind those
// that have one. Where the handler asks for all, or for nothing else, two do.
func parse(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	h.Next()
	matcher, err := h.ExtractMatcherSet()
	if err != nil {
		return nil, err
	}
	m := new(Handler)
	if err := m.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	all := *m
	all.SchemaOnly = false
	reserved := caddy.ModuleMap{"path": caddyconfig.JSON(caddyhttp.MatchPath{caddyrec.ReservedPrefix + "*"}, nil)}
	values := h.NewRoute(reserved, &all)
	guarded := h.NewRoute(matcher, m)
	if _, ok := matcher["json"]; ok {
		if guarded, err = jsonLast(matcher, m); err != nil {
			return nil, h.Errf("jit_approval: %v", err)
		}
	}
	values = append(values, guarded...)
	if m.SchemaOnly || len(matcher) == 0 {
		return values, nil
	}
	bySchema := *m
	bySchema.SchemaOnly = true
	return append(values, h.NewRoute(nil, &bySchema)...), nil
}

// jsonLast routes to m by a matcher with json in it so that json is asked only
// once the rest matches, which Caddy does not promise within one set: json
// refuses what it cannot read, and must not do that to other requests. It is
// asked of any media type, since the upstream may not look at that.
func jsonLast(matcher caddy.ModuleMap, m *Handler) ([]httpcaddyfile.ConfigValue, error) {
	var asked map[string]any
	if err := json.Unmarshal(matcher["json"], &asked); err != nil {
		return nil, err
	}
	asked["any_media"] = true
	rest := maps.Clone(matcher)
	delete(rest, "json")
	inner := caddyhttp.Route{
		MatcherSetsRaw: caddyhttp.RawMatcherSets{{"json": caddyconfig.JSON(asked, nil)}},
		HandlersRaw:    []json.RawMessage{caddyconfig.JSONModuleObject(m, "handler", "jit_approval", nil)},
	}
	outer := caddyhttp.Route{HandlersRaw: []json.RawMessage{
		caddyconfig.JSONModuleObject(&caddyhttp.Subroute{Routes: caddyhttp.RouteList{inner}}, "handler", "subroute", nil),
	}}
	if len(rest) > 0 {
		outer.MatcherSetsRaw = caddyhttp.RawMatcherSets{rest}
	}
	return []httpcaddyfile.ConfigValue{{Class: "route", Value: outer}}, nil
}

// UnmarshalCaddyfile sets up the handler. For its syntax see [Handler].
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if err := caddyrec.DirectiveOptions(d, func(option string) error { return h.unmarshalOption(d, option) }); err != nil {
		return err
	}
	if h.Approvers.Claim == "" {
		return d.Err("jit_approval: approvers is missing: say who may approve, such as approvers groups security")
	}
	return nil
}

func (h *Handler) unmarshalOption(d *caddyfile.Dispenser, option string) error {
	switch option {
	case "approvers":
		return caddyrec.ClaimArgs(d, &h.Approvers.Claim, &h.Approvers.Values)
	case "need":
		var text string
		if !d.AllArgs(&text) {
			return d.ArgErr()
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return d.Errf("need %s: not a count of people, such as 2", text)
		}
		h.Need = n
	case "wait":
		return caddyrec.DurationArg(d, &h.Wait)
	case "max_body":
		return caddyrec.SizeArg(d, &h.MaxBody)
	case "schema_only":
		return caddyrec.FlagArg(d, &h.SchemaOnly)
	default:
		return d.Errf("unrecognized jit_approval option %q: use approvers, need, wait, max_body or schema_only", option)
	}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
