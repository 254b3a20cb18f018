package openapi

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func FuzzCheckParams(f *testing.F) {
	d := described(f, withPaths31(`
/x/{a}/{b}/{c}:
  get:
    parameters:
      - {name: a, in: path, required: true, style: label, explode: true, schema: {type: [array, object], items: {type: integer}}}
      - {name: b, in: path, required: true, style: matrix, explode: true, schema: {type: [string, array, object]}}
      - {name: c, in: path, required: true, content: {application/json: {schema: {type: object}}}}
      - {name: d, in: query, style: deepObject, schema: {type: object, properties: {n: {type: integer}, o: {type: object}}, additionalProperties: {type: array}}}
      - {name: e, in: query, explode: false, schema: {type: [array, object, integer, 'null'], items: {type: [integer, boolean]}}}
      - {name: f, in: query, schema: {type: object, properties: {g: {type: array, items: {type: number}}, h: {type: string, maxLength: 3}}}}
      - {name: X-H, in: header, schema: {type: array, items: {type: string, pattern: '^[a-z]*$'}}}
      - {name: i, in: cookie, explode: false, style: form, schema: {type: object, additionalProperties: {type: integer}}}
    responses: {}`))
	f.Add("/x/.1.2/;b=1;b=2/%7B%7D", "d[n]=1&d[o][p]=q&e=1,true&g=1&g=2&h=abc", "a, b", "i=a,1")
	f.Add("/x/.a=1/;x=1/%5B", "d[]=1&d[&e=%zz&f=1&g=", "\xff", "i; =; i=\"\"")
	f.Fuzz(func(t *testing.T, path, query, header, cookie string) {
		op, params, found := d.Find("GET", path)
		if found != Yes {
			op, params = d.Operations()[0], nil
		}
		r := Request{Path: params, Query: query, Header: http.Header{"X-H": {header}, "Cookie": {cookie}}}
		faults := op.CheckParams(r)
		if len(faults) > maxFaults {
			t.Fatalf("%d faults", len(faults))
		}
		for _, fault := range faults {
			if !strings.HasPrefix(fault.Schema, "api.yaml") || fault.Keyword == "" || strings.Count(fault.Pointer, "/") < 2 {
				t.Fatalf("%+v", fault)
			}
		}
		if again := op.CheckParams(r); !slices.Equal(faults, again) {
			t.Fatalf("%v and then %v", faults, again)
		}
	})
}
