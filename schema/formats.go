package schema

import (
	"maps"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// ourFormats are checks of ours, where the compiler's own let through what the
// format's standard refuses, or the other way round.
var ourFormats = map[string]func(string) bool{
	"uri-template":  isURITemplate,
	"uri":           func(s string) bool { return isURI(s, false) },
	"iri":           func(s string) bool { return isURI(s, true) },
	"uri-reference": func(s string) bool { return isURIReference(s, false) },
	"uriref":        func(s string) bool { return isURIReference(s, false) },
	"iri-reference": func(s string) bool { return isURIReference(s, true) },
	"hostname":      isHostname,
	"idn-hostname":  isIDNHostname,
	"idn-email":     isIDNEmail,
	"ipv4":          isIPv4,
	"ip-address":    isIPv4,
}

// formats are the checks of all formats that are asserted.
var formats = func() map[string]func(any) bool {
	all := maps.Clone(jsonschema.Formats)
	for name, check := range ourFormats {
		all[name] = func(v any) bool {
			s, ok := v.(string)
			return !ok || check(s)
		}
	}
	return all
}()

func isIPv4(s string) bool { return isPlainIPv4([]byte(s)) }
