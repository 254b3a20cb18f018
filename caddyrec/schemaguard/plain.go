package schemaguard

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/schema"
)

// plain is a contract of schema files: one for requests, and some for answers.
type plain struct {
	request   *schema.Schema
	responses map[string]*schema.Schema // by status, class or default
	answers   map[int]*schema.Schema    // the same by status, its first digit, or 0
	any       *schema.Schema            // that of the first of the statuses
	unknown   policy
	respond   func(status int, h http.Header) exchange.Expected // response, made once; nil without responses
	marks     bool                                              // the schemas of answers call something secret
}

// loadPlain reads the schemas, each file once.
func loadPlain(request string, responses map[string]string, unknown policy) (contract, error) {
	p := &plain{responses: make(map[string]*schema.Schema, len(responses)), answers: make(map[int]*schema.Schema, len(responses)), unknown: unknown}
	var err error
	if request != "" {
		if p.request, err = schema.Load(request); err != nil {
			return nil, fmt.Errorf("request: %w", err)
		}
	}
	loaded := make(map[string]*schema.Schema)
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		file := responses[status]
		if loaded[file] == nil {
			if loaded[file], err = schema.Load(file); err != nil {
				return nil, fmt.Errorf("response %s: %w", status, err)
			}
		}
		p.responses[status] = loaded[file]
		if p.any == nil {
			p.any = loaded[file]
		}
		p.marks = p.marks || !loaded[file].Marks().Empty()
		number, _ := strconv.Atoi(strings.TrimSuffix(status, "xx")) // 0 for default
		p.answers[number] = loaded[file]
	}
	if len(p.responses) > 0 {
		p.respond = p.response
	}
	return p, nil
}

func (p *plain) expect(r *http.Request) expectation {
	e := expectation{response: p.respond}
	if p.request != nil {
		e.by = p.request
		if exchange.MediaOf(r.Header) == exchange.JSON || !p.unknown.passMedia {
			e.body = p.request
			e.required = hasBody(r.Method)
		} else {
			e.marks = p.request
			e.media = exchange.Unchecked
		}
	}
	return e
}

func hasBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// response finds the schema of an answer: by status, class, default.
func (p *plain) response(status int, h http.Header) exchange.Expected {
	for _, key := range [...]int{status, status / 100, 0} {
		s := p.answers[key]
		if s == nil {
			continue
		}
		if p.unknown.passMedia && exchange.MediaOf(h) != exchange.JSON {
			return exchange.Expected{Marks: s}
		}
		return exchange.Expected{Schema: s}
	}
	stray := exchange.Expected{Stray: p.marks}
	if p.unknown.denyStatus && status != http.StatusNotModified {
		stray.By, stray.Refusal = p.any, unknownStatus
	}
	return stray
}

func (p *plain) all() []*schema.Schema {
	var all []*schema.Schema
	if p.request != nil {
		all = append(all, p.request)
	}
	for _, status := range slices.Sorted(maps.Keys(p.responses)) {
		if s := p.responses[status]; !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

func (p *plain) files() (names []string) {
	for _, s := range p.all() {
		names = append(names, s.Files()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (p *plain) sources() (all []exchange.Source) {
	for _, s := range p.all() {
		all = append(all, s)
	}
	return all
}

func (p *plain) approvals() int     { return 0 }
func (p *plain) warnings() []string { return nil }

// validStatus says whether s is a status, a class of them, or default.
func validStatus(s string) bool {
	if s == "default" {
		return true
	}
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return false
	}
	return s[1:] == "xx" || strings.Trim(s, "0123456789") == ""
}

// checkPlain says what is wrong with the options of a guard without an OpenAPI
// document.
func (h *Handler) checkPlain() error {
	if h.Request == "" && len(h.Responses) == 0 {
		return errors.New("there is no schema: name an openapi, a request or a response file")
	}
	if h.UnknownRoute != "" {
		return errors.New("unknown_route is about the routes of an openapi document: a guard with request or response files has none, so give it a matcher")
	}
	if h.UnknownStatus == "deny" && len(h.Responses) == 0 {
		return errors.New("unknown_status deny without a response file would withhold every answer: name the response files")
	}
	for status := range h.Responses {
		if !validStatus(status) {
			return fmt.Errorf("response %s: not a status: use one such as 200, a class such as 2xx, or default", status)
		}
	}
	return nil
}
