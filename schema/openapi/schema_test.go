package openapi

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestBodiesAreCheckedAsOpenAPI30Means(t *testing.T) {
	d := loaded(t, "orders-3.0.yaml")
	post, _ := operation(t, d, "POST", "/v1/api/orders")
	request, ok := post.Request("application/json; charset=utf-8")
	response, _, _ := post.Response(201, "application/json")
	if !ok || !post.RequestRequired() || !post.Approval {
		t.Fatalf("the operation is not as described: %v %v %v", ok, post.RequestRequired(), post.Approval)
	}
	for _, c := range []struct {
		name, member string
		want         bool
	}{
		{"null where nullable", `"note":null`, true},
		{"null where not", `"data":null`, false},
		{"null in a nullable enum", `"state":null`, true},
		{"another value of the enum", `"state":"lost"`, false},
		{"null where allOf is nullable", `"customer":null`, true},
		{"allOf", `"customer":{"name":"a","vip":true}`, true},
		{"a wrong allOf", `"customer":{"vip":true}`, false},
		{"null beside $ref", `"parent":null`, false},
		{"a reference into a nullable allOf", `"vip":true`, true},
		{"a wrong value there", `"vip":1`, false},
		{"base64", `"data":"aGk="`, true},
		{"no base64", `"data":"a b"`, false},
		{"the largest int64", `"big":9223372036854775807`, true},
		{"more than int64", `"big":9223372036854775808`, false},
		{"an unknown member", `"other":1`, false},
	} {
		if got := valid(t, request, `{"pin":"1","amount":1,`+c.member+`}`); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	for _, c := range []struct {
		body            string
		asked, answered bool
	}{
		{`{"id":1,"pin":"1","amount":1}`, true, true},
		{`{"pin":"1","amount":1}`, true, false}, // id is readOnly: a request need not have it
		{`{"id":1,"amount":1}`, false, true},    // pin is writeOnly: a response need not have it
		{`{"id":1,"pin":"1","amount":0}`, false, false},
		{`{"id":1,"pin":"1"}`, false, false},
	} {
		if valid(t, request, c.body) != c.asked || valid(t, response, c.body) != c.answered {
			t.Errorf("%s: want %v as a request, %v as a response", c.body, c.asked, c.answered)
		}
	}
}

func TestBodiesAreCheckedAsOpenAPI31Means(t *testing.T) {
	d := loaded(t, "shop-3.1.json")
	put, _ := operation(t, d, "PUT", "/shop/trees")
	tree, _ := put.Request("application/json")
	for body, want := range map[string]bool{
		`{}`:                                        true,
		`{"value":{"name":"a"}}`:                    true,
		`{"value":null}`:                            false, // type beside $ref counts
		`{"value":{"name":""}}`:                     false,
		`{"value":{"name":"a","price":0}}`:          false, // a relative $ref against $id
		`{"value":{"name":"a","price":0.5}}`:        true,
		`{"value":{"name":"a","size":0}}`:           false, // an $anchor
		`{"value":{"name":"a","size":1}}`:           true,
		`{"old":["a"]}`:                             true, // its own $schema: items is a list in draft 7
		`{"old":[1]}`:                               false,
		`{"children":[{"children":[{"value":1}]}]}`: false,
		`{"other":1}`:                               false, // unevaluatedProperties
	} {
		if valid(t, tree, body) != want {
			t.Errorf("%s: want %v", body, want)
		}
	}
	if s, status, media := func() (any, bool, bool) { s, a, b := put.Response(204, "application/json"); return s, a, b }(); s == nil || !status || !media {
		t.Error("2XX does not cover 204")
	}
	get, _ := operation(t, d, "GET", "/shop/items/a.json")
	item, _, _ := get.Response(200, "image/png")
	if !valid(t, item, `null`) || valid(t, item, `1`) {
		t.Error("a type list is not taken")
	}
}

func TestSchemasAreNamedByTheirPlaces(t *testing.T) {
	d := loaded(t, "orders-3.0.yaml")
	post, _ := operation(t, d, "POST", "/v1/api/orders")
	s, _ := post.Request("application/json")
	if !strings.HasPrefix(s.ID(), "orders-3.0.yaml/components/schemas/Order") || s.Digest() != d.Digest() || s.Version() != "2.7" {
		t.Errorf("%s %s %s", s.ID(), s.Version(), s.Digest())
	}
	answer, _, _ := post.Response(201, "application/json")
	latest, _ := operation(t, d, "GET", "/v1/api/orders/latest")
	if other, _, _ := latest.Response(200, "application/json"); other != answer {
		t.Error("one schema was compiled twice")
	}
	faults, err := s.Validate([]byte(`{"pin":"1","amount":1,"customer":{}}`))
	if err != nil || len(faults) == 0 {
		t.Fatal(faults, err)
	}
	var found bool
	for _, f := range faults {
		found = found || strings.HasPrefix(f.Schema, "common/customer.yaml#/required")
	}
	if !found {
		t.Errorf("no fault names the file: %v", faults)
	}
}

func TestMarksReachThroughReferencesAndRewriting(t *testing.T) {
	post, _ := operation(t, loaded(t, "orders-3.0.yaml"), "POST", "/v1/api/orders")
	s, _ := post.Request("application/json")
	var places []string
	for _, m := range s.Sensitive() {
		places = append(places, m.Place)
	}
	all := " " + strings.Join(places, " ") + " "
	for _, want := range []string{" /pin ", " /customer/card "} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is not marked: %s", want, all)
		}
	}
	d := described(t, withPaths(`
/a: {put: {requestBody: {content: {a/b: {schema: {type: object, properties: {p: {$ref: '#/s', x-sensitive: true}}}}, c/d: {schema: {$ref: '#/s', writeOnly: true}}}}, responses: {}}}`)+"s: {type: string}\n")
	op, _ := operation(t, d, "PUT", "/a")
	for _, media := range []string{"a/b", "c/d"} {
		if s, _ := op.Request(media); s.Marks().Empty() {
			t.Errorf("a mark beside $ref is lost in %s", media)
		}
	}
}

func TestDynamicReferencesWork(t *testing.T) {
	d := described(t, withPaths31(`
/a: {put: {requestBody: {content: {a/b: {schema: {$ref: '#/components/schemas/Numbers'}}}}, responses: {}}}`)+`
components:
  schemas:
    List:
      $id: https://e.com/list
      $defs: {T: {$dynamicAnchor: T}}
      type: array
      items: {$dynamicRef: '#T'}
    Numbers:
      $id: https://e.com/numbers
      $defs: {T: {$dynamicAnchor: T, type: number}}
      $ref: list
`)
	op, _ := operation(t, d, "PUT", "/a")
	s, _ := op.Request("a/b")
	if !valid(t, s, `[1]`) || valid(t, s, `["a"]`) {
		t.Error("the outer $dynamicAnchor does not count")
	}
}

func TestRequiredGivesWayToReadOnlyThroughAllOf(t *testing.T) {
	d := described(t, withPaths(`
/a:
  put:
    requestBody:
      content:
        a/b:
          schema:
            allOf:
              - {$ref: '#/base'}
              - {required: [id, name, made, by]}
            properties: {by: {$ref: '#/stamp'}}
    responses: {}`)+`
base: {type: object, properties: {id: {type: integer, readOnly: true}, name: {type: string}, made: {allOf: [{$ref: '#/stamp'}]}}}
stamp: {type: string, readOnly: true}
`)
	op, _ := operation(t, d, "PUT", "/a")
	s, _ := op.Request("a/b")
	if !valid(t, s, `{"name":"a"}`) || valid(t, s, `{}`) {
		t.Error("required is not as it is for requests")
	}
}

func TestMediaTypesAndStatuses(t *testing.T) {
	d := described(t, withPaths(`
/a:
  post:
    requestBody:
      content:
        application/json: {schema: {type: object}}
        Text/*: {schema: {type: string}}
        text/html: {}
    responses:
      '200': {description: d, content: {application/json: {schema: {type: object}}, '*/*': {}}}
      '204': {description: d}
      4xx: {description: d, content: {application/problem+json: {schema: {type: object}}}}
  get: {responses: {default: {description: d}}}`))
	post, _ := operation(t, d, "POST", "/a")
	get, _ := operation(t, d, "GET", "/a")
	for media, want := range map[string][2]bool{ // declared, with a schema
		"application/json": {true, true}, "APPLICATION/JSON ; charset=utf-8": {true, true}, "application/problem+json": {}, "text/plain": {true, true},
		"text/html": {true, false}, "": {}, "json": {}, "text/": {}, "application/json, text/html": {}, "te xt/plain": {},
	} {
		if s, ok := post.Request(media); ok != want[0] || (s != nil) != want[1] {
			t.Errorf("request %q: %v %v", media, s != nil, ok)
		}
	}
	for _, c := range []struct {
		op                    *Operation
		status                int
		media                 string
		schema, stated, typed bool
	}{
		{post, 200, "application/json", true, true, true},
		{post, 200, "image/png", false, true, true},
		{post, 200, "", false, true, true}, // */* covers application/octet-stream
		{post, 204, "", false, true, true},
		{post, 204, "text/plain", false, true, false},
		{post, 404, "application/problem+json", true, true, true},
		{post, 404, "application/json", false, true, false},
		{post, 500, "application/json", false, false, false},
		{get, 500, "", false, true, true},
		{get, 0, "", false, false, false},
		{get, 1200, "", false, false, false},
	} {
		if s, stated, typed := c.op.Response(c.status, c.media); (s != nil) != c.schema || stated != c.stated || typed != c.typed {
			t.Errorf("%s %d %q: %v %v %v", c.op.ID, c.status, c.media, s != nil, stated, typed)
		}
	}
	if get.RequestRequired() || post.RequestRequired() {
		t.Error("a body that may be left out is required")
	}
	if _, ok := get.Request("a/b"); ok {
		t.Error("a body that is not described has a media type")
	}
}

func TestBodiesAreListedByStatusAndMediaType(t *testing.T) {
	var all []string
	for _, path := range []string{"/v1/api/orders", "/v1/api/orders/7"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			op, _, found := loaded(t, "orders-3.0.yaml").Find(method, path)
			if found != Yes {
				continue
			}
			for _, b := range op.Bodies() {
				text := strings.TrimSpace(method + " " + b.Status + " " + b.Media)
				if b.Schema == nil {
					text += " any"
				}
				all = append(all, text)
			}
		}
	}
	want := "GET 200 application/json, GET 4XX application/problem+json, GET default  any, POST  application/json, " +
		"POST  application/x-www-form-urlencoded, POST  text/* any, POST 201 application/json, GET 200 application/json, DELETE 204  any"
	if got := strings.Join(all, ", "); strings.ReplaceAll(got, "  ", " ") != strings.ReplaceAll(want, "  ", " ") {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestReferencesOf31ResolveAgainstIdsFilesAndAnchors(t *testing.T) {
	schema := func(s string) string {
		return withPaths31("/a: {put: {requestBody: {content: {a/b: {schema: "+s+"}}}, responses: {}}}") + `
components:
  schemas:
    Named: {$id: 'https://e.com/s/named', $defs: {n: {$anchor: here, type: integer}, f: {$ref: 'https://e.com/s/other#/$defs/b'}}}
    Other: {$id: 'https://e.com/s/other', $defs: {b: {type: boolean}}}
    Plain: {$anchor: plain, type: integer, x-parts: {p: {type: integer}}}
`
	}
	for text, says := range map[string]string{
		"{$ref: 'https://e.com/s/named#here'}":           "",
		"{$ref: 'https://e.com/s/named#/$defs/n'}":       "",
		"{$ref: '#plain'}":                               "",
		"{$ref: '#/components/schemas/Plain'}":           "",
		"{$ref: 'd/b.json'}":                             "",
		"{$ref: 'd/b.json#/x-parts/p'}":                  "",
		"{$ref: '#/components/schemas/Plain/x-parts/p'}": "",
		"{$id: 'd/', $ref: 'b.json'}":                    "",
		"{$id: 'https://e.com/s/', $ref: 'named#here'}":  "",
		"{$dynamicRef: 'https://e.com/s/named#here'}":    "",
		"{$ref: 'https://e.com/none'}":                   "\"https://e.com/none\" is",
		"{$ref: 'https://e.com/s/named#none'}":           "there is no $anchor of that name",
		"{$ref: 'https://e.com/s/named#/$defs/no'}":      "nothing stands there",
		"{$id: 'https://e.com/t/', $ref: 'named'}":       "is the $id of no schema",
		"{$ref: '../b.json'}":                            "leads out of the description's folder",
	} {
		dir := folderOf(t, map[string]string{"api.yaml": schema(text), "d/b.json": `{"type":"integer","x-parts":{"p":{"type":"integer"}}}`})
		d, err := Load(filepath.Join(dir, "api.yaml"))
		if says != "" {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want %s", text, err, says)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		op, _ := operation(t, d, "PUT", "/a")
		if s, _ := op.Request("a/b"); !valid(t, s, "1") || valid(t, s, `"a"`) {
			t.Errorf("%s leads to another schema", text)
		}
	}
}
