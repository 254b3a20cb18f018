package openapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// checkOne describes one parameter and checks one request.
func checkOne(t testing.TB, parameter, template, path, query string, header http.Header) string {
	t.Helper()
	d := described(t, withPaths31(template+": {get: {parameters: ["+parameter+"], responses: {}}}"))
	op, params := operation(t, d, "GET", path)
	return told(op.CheckParams(Request{Path: params, Query: query, Header: header}))
}

const (
	colors = "schema: {type: array, items: {enum: [blue, black, 'a,b', 'a b', '5']}, minItems: 1, maxItems: 2}"
	rgb    = "schema: {type: object, properties: {R: {type: integer}, G: {type: integer, maximum: 255}}, required: [R]}"
)

func TestPathParametersAreReadInTheirStyle(t *testing.T) {
	for _, c := range []struct{ parameter, raw, want string }{
		{"schema: {type: integer}", "5", ""},
		{"schema: {type: integer}", "-5", ""},
		{"schema: {type: integer}", "5.0", ""},
		{"schema: {type: integer}", "5.5", "/path/p type"},
		{"schema: {type: integer}", "a", "/path/p type"},
		{"schema: {type: integer}", "05", "/path/p type"},
		{"schema: {type: integer}", "+5", "/path/p type"},
		{"schema: {type: integer}", "%35", ""},
		{"schema: {type: integer}", "1e999", "/path/p type"},
		{"schema: {type: integer}", "%205", "/path/p type"},
		{"schema: {type: boolean}", "true", ""},
		{"schema: {type: boolean}", "TRUE", "/path/p type"},
		{"schema: {type: string, maxLength: 1}", "5", ""},
		{"schema: {type: string, maxLength: 1}", "%2F", ""},
		{"schema: {type: string, maxLength: 1}", "%E2%82%AC", ""},
		{"schema: {type: string}", "%FF", "/path/p style"},
		{"schema: {type: string}", "a,b", ""},
		{"schema: {}", "a,b", ""},
		{"", "anything", ""},
		{"schema: {anyOf: [{type: integer, minimum: 10}, {type: string, pattern: ^x}]}", "12", ""},
		{"schema: {anyOf: [{type: integer, minimum: 10}, {type: string, pattern: ^5}]}", "5", ""},
		{"schema: {anyOf: [{type: integer, minimum: 10}, {type: string, pattern: ^x}]}", "5", "/path/p minimum, /path/p type"},
		{"schema: {allOf: [{type: integer}, {minimum: 3}]}", "2", "/path/p minimum"},
		{"schema: {oneOf: [{type: object, properties: {n: {type: integer}}, required: [n]}, {type: boolean}]}", "n,5", ""},
		{"schema: {oneOf: [{type: object, properties: {n: {type: integer}}, required: [n]}, {type: boolean}]}", "false", ""},
		{"schema: {type: array, items: {type: array, items: {type: integer}}}", "1,2", ""},
		{"schema: {type: object, additionalProperties: {type: integer}}", "a,1,b,2", ""},
		{"schema: {type: object, additionalProperties: {type: integer}}", "a,1,b,c", "/path/p/b type"},
		{"schema: {const: true}", "true", ""},
		{"schema: {enum: [null, [1], {}]}", "null", ""},
		{"schema: {const: 5}", "5", ""},
		{"schema: {enum: ['5']}", "5", ""},
		{"schema: {enum: [5, a]}", "5", ""},
		{"schema: {enum: [5, a]}", "b", "/path/p enum"},
		{colors, "blue,black", ""},
		{colors, "blue", ""},
		{colors, "a%2Cb", ""},
		{colors, "5", ""},
		{colors, "red", "/path/p/0 enum"},
		{colors, "blue,blue,blue", "/path/p maxItems"},
		{colors + ", explode: true", "blue,black", ""},
		{rgb, "R,100,G,200", ""},
		{rgb, "R,100,G,256", "/path/p/G maximum"},
		{rgb, "G,1", "/path/p required"},
		{rgb, "R,100,G", "/path/p style"},
		{rgb, "R,1,R,2", "/path/p style"},
		{rgb + ", explode: true", "R=100,G=200", ""},
		{rgb + ", explode: true", "R,100", "/path/p style"},
		{"style: label, schema: {type: integer}", ".5", ""},
		{"style: label, schema: {type: integer}", "5", "/path/p style"},
		{"style: label, " + colors, ".blue,black", ""},
		{"style: label, " + colors, ".blue.black", ""},
		{"style: label, explode: true, " + colors, ".blue.black", ""},
		{"style: label, explode: true, " + rgb, ".R=100.G=200", ""},
		{"style: label, " + rgb, ".R,100,G,200", ""},
		{"style: matrix, schema: {type: integer}", ";p=5", ""},
		{"style: matrix, schema: {type: integer}", ";q=5", "/path/p style"},
		{"style: matrix, schema: {type: integer}", "p=5", "/path/p style"},
		{"style: matrix, schema: {type: string, maxLength: 0}", ";p", ""},
		{"style: matrix, " + colors, ";p=blue,black", ""},
		{"style: matrix, explode: true, " + colors, ";p=blue;p=black", ""},
		{"style: matrix, " + rgb, ";p=R,100,G,200", ""},
		{"style: matrix, explode: true, " + rgb, ";R=100;G=200", ""},
		{"content: {application/json: {schema: {type: array, items: {type: integer}}}}", "%5B1%5D", ""},
		{"content: {application/json: {schema: {type: array, items: {type: integer}}}}", "%5B%22a%22%5D", "/path/p/0 type"},
		{"content: {application/json: {schema: {type: array}}}", "%5B", "/path/p content"},
		{"content: {application/json: {schema: {type: object}}}", "%7B%22a%22:1,%22a%22:2%7D", "/path/p content"},
		{"content: {text/plain: {schema: {type: integer}}}", "5", ""},
		{"content: {text/plain: {schema: {type: integer}}}", "x", "/path/p type"},
		{"content: {text/plain: {schema: {type: string, maxLength: 4}}}", "a,b", ""},
		{"content: {text/plain; charset=utf-8: {schema: {type: string, maxLength: 4}}}", "a,%20bc", "/path/p maxLength"},
		{"content: {text/plain: {schema: {type: string}}}", "%ff", "/path/p style"},
		{"content: {text/plain: {schema: {enum: [5, six]}}}", "six", ""},
		{"content: {text/xml: {schema: {type: integer}}}", "x", ""},
		{"content: {application/x-www-form-urlencoded: {schema: {type: object, required: [a]}}}", "b=1", ""},
	} {
		more := c.parameter
		if more != "" {
			more = ", " + more
		}
		if got := checkOne(t, "{name: p, in: path, required: true"+more+"}", "/x/{p}", "/x/"+c.raw, "", nil); got != c.want {
			t.Errorf("%s as %s: %q, want %q", c.raw, c.parameter, got, c.want)
		}
	}
}

func TestQueryParametersAreReadInTheirStyle(t *testing.T) {
	const filter = "style: deepObject, schema: {type: object, additionalProperties: false, properties: {n: {type: integer}, tags: {type: array, items: {type: string, maxLength: 2}}, in: {type: object, properties: {deep: {type: boolean}}}}}"
	for _, c := range []struct{ parameter, query, want string }{
		{"schema: {type: integer}", "", ""},
		{"required: true, schema: {type: integer}", "", "/query/p required"},
		{"required: true, schema: {type: integer}", "q=1", "/query/p required"},
		{"required: true", "p", ""},
		{"schema: {type: integer}", "p=1&other=x&q%zz=%zz", ""},
		{"required: true, content: {application/x-www-form-urlencoded: {schema: {type: object, properties: {a: {type: integer}}}}}", "p=a%3D1", ""},
		{"required: true, content: {application/x-www-form-urlencoded: {schema: {type: object, properties: {a: {type: integer}}}}}", "a=1", "/query/p required"},
		{"content: {text/plain: {schema: {type: string, const: 'a,b c'}}}", "p=a,b+c", ""},
		{"content: {text/plain: {schema: {type: string, minLength: 3}}}", "p=a", "/query/p minLength"},
		{"content: {text/plain: {schema: {type: string}}}", "p=a&p=b", "/query/p style"},
		{"schema: {type: integer}", "p=a", "/query/p type"},
		{"schema: {type: integer}", "%70=1", ""},
		{"schema: {type: integer}", "p=1&p=2", "/query/p style"},
		{"schema: {type: integer}", "p=1&%70=2", "/query/p style"},
		{"schema: {type: integer}", "p=%zz", "/query/p style"},
		{"schema: {type: string}", "p=%ff", "/query/p style"},
		{"schema: {type: integer}", "p=", "/query/p type"},
		{"allowEmptyValue: true, schema: {type: integer}", "p=", ""},
		{"allowEmptyValue: true, schema: {type: integer}", "p", ""},
		{"schema: {type: [integer, 'null']}", "p=", ""},
		{"schema: {type: [integer, 'null']}", "p=null", ""},
		{"schema: {type: string, const: a b}", "p=a+b", ""},
		{"schema: {type: string, const: a b}", "p=a%20b", ""},
		{colors, "p=blue&p=black", ""},
		{colors, "p=blue", ""},
		{colors, "p=blue&p=red", "/query/p/1 enum"},
		{colors, "p=a,b", ""},
		{colors, "p=blue&p=black&p=blue", "/query/p maxItems"},
		{"explode: false, " + colors, "p=blue,black", ""},
		{"explode: false, " + colors, "p=blue%2Cblack", ""},
		{"explode: false, " + colors, "p=blue%2cblack", ""},
		{"explode: false, " + colors, "p=a%2Cb,blue", ""},
		{"explode: false, " + colors, "p=blue&p=black", "/query/p style"},
		{"explode: false, " + colors, "p=", "/query/p minItems"},
		{"style: spaceDelimited, explode: false, " + colors, "p=blue%20black", ""},
		{"style: spaceDelimited, explode: false, " + colors, "p=blue+black", ""},
		{"style: pipeDelimited, explode: false, " + colors, "p=blue|black", ""},
		{"style: pipeDelimited, explode: false, " + colors, "p=blue%7cblack", ""},
		{"style: pipeDelimited, " + colors, "p=blue|red", "/query/p/1 enum"},
		{rgb, "R=100&G=200", ""},
		{rgb, "R=100&G=300", "/query/p/G maximum"},
		{rgb, "G=1", "/query/p required"},
		{rgb, "R=1&R=2", "/query/p style"},
		{rgb, "other=1", ""},
		{"explode: false, " + rgb, "p=R,100,G,200", ""},
		{filter, "p[n]=5", ""},
		{filter, "p%5Bn%5D=5", ""},
		{filter, "p[n]=a", "/query/p/n type"},
		{filter, "p[n]=5&p[n]=6", "/query/p style"},
		{filter, "p[tags]=ab&p[tags]=cd", ""},
		{filter, "p[tags]=ab", ""},
		{filter, "p[tags]=abc", "/query/p/tags/0 maxLength"},
		{filter, "p[in][deep]=true", ""},
		{filter, "p[in][deep]=1", "/query/p/in/deep type"},
		{filter, "p[x]=1", "/query/p additionalProperties"},
		{filter, "p[n=5", "/query/p style"},
		{filter, "p[n]x=5", "/query/p style"},
		{filter, "p[in]=1&p[in][deep]=true", "/query/p style"},
		{filter, "p" + strings.Repeat("[a]", 20) + "=1", "/query/p style"},
		{filter, "pp[n]=a", ""},
		{"content: {application/json: {schema: {required: [a]}}}", "p=%7B%22a%22:1%7D", ""},
		{"content: {application/json: {schema: {required: [a]}}}", "p=%7B%7D", "/query/p required"},
		{"content: {application/json: {schema: {required: [a]}}}", "p=%7B%7D&p=%7B%7D", "/query/p style"},
	} {
		for range 3 { // maps have no order
			if got := checkOne(t, "{name: p, in: query, "+c.parameter+"}", "/x", "/x", c.query, nil); got != c.want {
				t.Errorf("%s as %s: %q, want %q", c.query, c.parameter, got, c.want)
				break
			}
		}
	}
}

func TestHeadersAndCookiesAreReadInTheirStyle(t *testing.T) {
	for _, c := range []struct {
		parameter string
		header    http.Header
		want      string
	}{
		{"name: x-p, in: header, required: true, schema: {type: integer}", http.Header{"X-P": {" 5 "}}, ""},
		{"name: x-p, in: header, required: true, schema: {type: integer}", http.Header{"X-P": {"5", "6"}}, "/header/x-p type"},
		{"name: x-p, in: header, required: true, schema: {type: integer}", nil, "/header/x-p required"},
		{"name: x-p, in: header, schema: {type: string, maxLength: 3}", http.Header{"X-P": {"%41"}}, ""},
		{"name: x-p, in: header, " + colors, http.Header{"X-P": {"blue, black"}}, ""},
		{"name: x-p, in: header, " + colors, http.Header{"X-P": {"blue", "black"}}, ""},
		{"name: x-p, in: header, " + rgb, http.Header{"X-P": {"R, 100, G, 200"}}, ""},
		{"name: x-p, in: header, explode: true, " + rgb, http.Header{"X-P": {"R=100,G=200"}}, ""},
		{"name: x-p, in: header, schema: {type: string}", http.Header{"X-P": {"\xff"}}, "/header/x-p style"},
		{"name: x-p, in: header, content: {application/json: {schema: {type: object}}}", http.Header{"X-P": {`{"a":1,"b":[2]}`}}, ""},
		{"name: p, in: cookie, required: true, schema: {type: integer}", http.Header{"Cookie": {"a=b; p=5"}}, ""},
		{"name: p, in: cookie, required: true, schema: {type: integer}", http.Header{"Cookie": {"a=b", "p=\"5\""}}, ""},
		{"name: p, in: cookie, required: true, schema: {type: integer}", http.Header{"Cookie": {"a=b"}}, "/cookie/p required"},
		{"name: p, in: cookie, schema: {type: integer}", http.Header{"Cookie": {"p=5; p=6"}}, "/cookie/p style"},
		{"name: p, in: cookie, explode: false, " + colors, http.Header{"Cookie": {"p=blue,black"}}, ""},
		{"name: p, in: cookie, schema: {const: 'a%'}", http.Header{"Cookie": {"p=a%"}}, ""},
		{"name: authorization, in: header, required: true, schema: {type: integer}", nil, ""},
	} {
		if got := checkOne(t, "{"+c.parameter+"}", "/x", "/x", "", c.header); got != c.want {
			t.Errorf("%v as %s: %q, want %q", c.header, c.parameter, got, c.want)
		}
	}
}

func TestTheParametersOfARealisticOperation(t *testing.T) {
	op, params := operation(t, loaded(t, "orders-3.0.yaml"), "GET", "/v1/api/orders")
	tenant := http.Header{"X-Tenant": {"6f9619ff-8b86-4d01-b42d-00cf4fc964ff"}}
	for query, want := range map[string]string{
		"":                                     "",
		"limit=10&ids=1,2,3&tags=red&tags=a,b": "",
		"limit=0&ids=1,x":                      "/query/ids/1 type, /query/limit minimum",
		"page[size]=101&page[before]=x":        "/query/page additionalProperties, /query/page/size maximum",
		"page[after]=5&unknown=1":              "",
	} {
		if got := told(op.CheckParams(Request{Path: params, Query: query, Header: tenant})); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if got := told(op.CheckParams(Request{})); got != "/header/X-Tenant required" {
		t.Errorf("without anything: %q", got)
	}
	for _, f := range op.CheckParams(Request{Query: "limit=hunter2secret&ids=hunter2secret&page[hunter2]=1", Header: http.Header{"X-Tenant": {"hunter2secret"}}}) {
		if strings.Contains(fmt.Sprint(f), "hunter2secret") || !strings.Contains(f.Schema, ".yaml") {
			t.Errorf("%v", f)
		}
	}
	get, params := operation(t, loaded(t, "orders-3.0.yaml"), "GET", "/v1/api/orders/2147483648")
	if got := told(get.CheckParams(Request{Path: params})); got != "/path/id maximum" {
		t.Errorf("more than int32: %q", got)
	}
}

func TestSecretsAreToldByPlace(t *testing.T) {
	d := described(t, withPaths31(`
/a/{id}/x{part}-{key}:
  parameters:
    - {name: key, in: path, required: true, x-mask: {action: drop}, schema: {type: string}}
    - {name: id, in: path, required: true, schema: {type: string}}
    - {name: part, in: path, required: true, schema: {type: string}}
  get:
    parameters:
      - {name: q, in: query, schema: {type: string, format: password}}
      - {name: open, in: query, x-sensitive: false, x-mask: false, schema: {type: string}}
      - {name: filter, in: query, style: deepObject, schema: {$ref: '#/components/schemas/F'}}
      - {name: form, in: query, schema: {$ref: '#/components/schemas/F'}}
      - {name: x-key, in: header, schema: {type: string, writeOnly: true}}
      - {name: sid, in: cookie, x-sensitive: true}
    responses:
      '200':
        description: d
        headers:
          Location: {schema: {type: string, format: password}}
          x-link: {$ref: '#/components/headers/Link'}
          X-Open: {schema: {type: string}}
          X-Odd: {schema: {type: string, pattern: '(?=a)'}}
      4XX: {description: d, headers: {X-Code: {content: {application/json: {schema: {$ref: '#/components/schemas/F'}}}}}}`)+`
servers: [{url: /}, {url: /v1/v2}]
components:
  headers: {Link: {x-mask: {action: drop}, schema: {type: string}}}
  securitySchemes: {k: {type: apiKey, in: query, name: api_key}, h: {type: apiKey, in: header, name: x-api-key}, c: {type: apiKey, in: cookie, name: session}, b: {type: http, scheme: bearer}}
  schemas: {F: {type: object, properties: {pin: {type: string, x-sensitive: true}, n: {type: string}}}}
`)
	for path, segment := range map[string]int{"/a/1/x2-3": 2, "/v1/v2/a/1/x2-3": 4} {
		op, _ := operation(t, d, "GET", path)
		s := op.Secrets()
		for _, c := range []struct{ got, want any }{
			{s.Path, []int{segment}},
			{slices.Sorted(slices.Values(s.Query)), []string{"api_key", "filter", "filter[", "form", "n", "pin", "q"}},
			{slices.Sorted(slices.Values(s.Header)), []string{"X-Api-Key", "X-Key"}},
			{slices.Sorted(slices.Values(s.Cookie)), []string{"session", "sid"}},
			{s.Answer, []string{"Location", "X-Code", "X-Link", "X-Odd"}},
		} {
			if fmt.Sprint(c.got) != fmt.Sprint(c.want) {
				t.Errorf("%s: %v, want %v", path, c.got, c.want)
			}
		}
	}
	if all := strings.Join(d.Warnings(), "\n"); !strings.Contains(all, "responses/200/headers/X-Odd: ") || !strings.Contains(all, "until then it is masked") {
		t.Errorf("nobody is told of a schema that cannot be read:\n%s", all)
	}
}
