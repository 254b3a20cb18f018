package schemaguard

import (
	"errors"
	"fmt"

	"github.com/caddyrec/caddyrec/exchange"
)

// modes are the words for them.
var modes = map[string]exchange.Mode{
	"":        exchange.Enforce,
	"enforce": exchange.Enforce,
	"report":  exchange.Report,
	"shadow":  exchange.Shadow,
}

// policy is what becomes of what the files do not name. The zero policy denies
// routes and media types, and lets statuses pass.
type policy struct {
	passRoute  bool
	denyStatus bool
	passMedia  bool
}

func (h *Handler) policy() policy {
	return policy{
		passRoute:  h.UnknownRoute == "pass",
		denyStatus: h.UnknownStatus == "deny" || h.UnknownStatus == "" && h.OpenAPI != "",
		passMedia:  h.UnknownMedia == "pass",
	}
}

// Validate checks the options.
func (h *Handler) Validate() error { return named(h.check()) }

// named is an error that names the directive at fault, too.
func named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("json_schema_guard: %w", err)
}

func (h *Handler) check() error {
	for name, word := range map[string]string{"request": h.RequestMode, "response": h.ResponseMode} {
		if _, ok := modes[word]; !ok {
			return fmt.Errorf("mode %s %q: use enforce, report or shadow", name, word)
		}
	}
	for name, word := range map[string]string{"route": h.UnknownRoute, "status": h.UnknownStatus, "media": h.UnknownMedia} {
		if word != "" && word != "deny" && word != "pass" {
			return fmt.Errorf("unknown_%s %q: use deny or pass", name, word)
		}
	}
	if h.MaxBody < 0 {
		return fmt.Errorf("max_body %d: not a size in bytes: use a positive one, or leave it out for 1 MiB", h.MaxBody)
	}
	if h.Status != 0 && (h.Status < 400 || h.Status > 499) {
		return fmt.Errorf("status %d: it is the client's request that is not valid, so use a status from 400 to 499", h.Status)
	}
	if h.OpenAPI == "" {
		return h.checkPlain()
	}
	if h.Request != "" || len(h.Responses) > 0 {
		return errors.New("openapi stands beside request or response: one document tells both, so leave out the others, or use a guard for each")
	}
	return nil
}
