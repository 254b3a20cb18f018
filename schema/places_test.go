package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestASchemaTellsTheSensitivePlaces(t *testing.T) {
	s := must(t, `{"properties":{
		"card":{"$ref":"#/$defs/card"},"pin":{"writeOnly":true},"pass/word":{"format":"password"},"gone":{"x-mask":"drop"},
		"both":{"x-sensitive":true,"$ref":"#/$defs/card"},
		"list":{"prefixItems":[{},{"x-sensitive":true}],"items":{"properties":{"s":{"x-mask":true}}}},
		"map":{"patternProperties":{"^x-/":{"x-sensitive":true}},"additionalProperties":{"properties":{"t":{"x-sensitive":true}}}},
		"child":{"$ref":"#"},"plain":{}},
		"$defs":{"card":{"x-mask":{"action":"partial","keep":2}},"unused":{"x-sensitive":true}}}`)
	var got []string
	for _, m := range s.Sensitive() {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s%d", m.Place, m.Why, m.Schema, m.Action, m.Keep))
	}
	want := []string{
		`/both|x-mask|/$defs/card|partial2`,
		`/both|x-sensitive|/properties/both|0`,
		`/card|x-mask|/$defs/card|partial2`,
		`/child/**|repeats ""||0`,
		`/gone|x-mask|/properties/gone|drop0`,
		`/list/*/s|x-mask|/properties/list/items/properties/s|0`,
		`/list/1|x-sensitive|/properties/list/prefixItems/1|0`,
		`/map/*/t|x-sensitive|/properties/map/additionalProperties/properties/t|0`,
		`/map/{^x-~1}|x-sensitive|/properties/map/patternProperties/^x-~1|0`,
		`/pass~1word|format: password|/properties/pass~1word|0`,
		`/pin|writeOnly|/properties/pin|0`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := must(t, `{"properties":{"a":{"type":"string"}}}`).Sensitive(); got != nil {
		t.Error(got)
	}
	if got := must(t, `{"propertyNames":{"x-sensitive":true}}`).Sensitive(); len(got) != 1 || got[0].Place != "" || got[0].Why != "x-sensitive" || got[0].Schema != "/propertyNames" {
		t.Error(got)
	}
}

func TestPlacesWithoutEndAreToldUpToABound(t *testing.T) {
	if got := must(t, fanout(12)).Sensitive(); got != nil {
		t.Error(got)
	}
	var b strings.Builder
	b.WriteString(`{"properties":{"a":{"$ref":"#/$defs/d0"}},"$defs":{`)
	for i := range 40 {
		fmt.Fprintf(&b, `"d%d":{"properties":{"a":{"$ref":"#/$defs/d%d"},"b":{"$ref":"#/$defs/d%d"}}},`, i, i+1, i+1)
	}
	b.WriteString(`"d40":{"x-sensitive":true}}}`)
	if got := must(t, b.String()).Sensitive(); len(got) > maxPlaces {
		t.Error(len(got))
	}
}
