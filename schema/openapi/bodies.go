package openapi

import (
	"maps"
	"slices"

	"github.com/caddyrec/caddyrec/schema"
)

// Body is one media type that an operation declares for its request or for an
// answer.
type Body struct {
	// Status is "" for the request, else the status, its class (2XX) or default.
	Status string
	// Media is the media type or range, in lower case, without parameters; "" for
	// an answer without content.
	Media string
	// Schema is nil where none is given.
	Schema *schema.Schema
}

// Bodies are all that the operation declares: the request's, then the answers'
// by status, each as they are looked up.
func (o *Operation) Bodies() (all []Body) {
	add := func(status string, b *body) {
		if b == nil {
			return
		}
		if len(b.media) == 0 && status != "" {
			all = append(all, Body{Status: status})
		}
		for _, m := range b.media {
			all = append(all, Body{Status: status, Media: m.name, Schema: m.schema})
		}
	}
	add("", o.request)
	for _, status := range slices.Sorted(maps.Keys(o.responses)) {
		add(status, o.responses[status])
	}
	return all
}
