package openapi

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestADescriptionIsNamedVersionedAndDigested(t *testing.T) {
	d := loaded(t, "orders-3.0.yaml")
	if d.ID() != "orders-3.0.yaml" || d.Version() != "2.7" {
		t.Errorf("%s %s", d.ID(), d.Version())
	}
	names := []string{"orders-3.0.yaml", "common/customer.yaml", "common/parameters.yaml", "common/responses.yaml"}
	var lines string
	for i, name := range names {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		lines += fmt.Sprintf("%x  %s\n", sha256.Sum256(text), name)
		if got := d.Files()[i]; !filepath.IsAbs(got) || !strings.HasSuffix(filepath.ToSlash(got), "/testdata/"+name) {
			t.Errorf("file %d is %s", i, got)
		}
	}
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(lines))); d.Digest() != want || len(d.Files()) != len(names) {
		t.Errorf("%s of %v, want %s", d.Digest(), d.Files(), want)
	}
	if d := described(t, "openapi: 3.1.0\ninfo: {}\npaths: {}"); d.Version() != d.Digest()[:12] {
		t.Errorf("without info.version: %s", d.Version())
	}
}

func TestOperationsAreSortedWithTheirBasePaths(t *testing.T) {
	var all []string
	for _, name := range []string{"orders-3.0.yaml", "shop-3.1.json"} {
		for _, op := range loaded(t, name).Operations() {
			all = append(all, op.ID)
		}
	}
	want := "listOrders, createOrder, latestOrder, DELETE /v1/api/orders/{id}, GET /v1/api/orders/{id}, " +
		"GET /items/{name}.{ext}, GET /shop/items/{name}.{ext}, PUT /shop/trees, PUT /trees"
	if got := strings.Join(all, ", "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestReferencesStayInTheFolder(t *testing.T) {
	outside := folderOf(t, map[string]string{"secret.yaml": "type: string"})
	for name, ref := range map[string]string{
		"parent": "../secret.yaml", "many parents": "../../../../../../etc/passwd", "absolute path": "/etc/passwd",
		"file URL": "file:///etc/passwd", "http": "http://127.0.0.1:1/a.yaml", "https": "https://example.com/a.yaml",
		"host": "//example.com/a.yaml", "escaped parent": "%2e%2e/secret.yaml", "escaped slash": "..%2fsecret.yaml",
		"backslash": "..%5csecret.yaml", "missing": "missing.yaml", "folder": "sub", "symlink": "link.yaml",
		"linked folder": "linked/secret.yaml", "NUL": "a%00.yaml", "query": "ok.yaml?x=1", "urn": "urn:example:a",
	} {
		for _, version := range []string{"3.0.3", "3.1.0"} {
			for kind, paths := range map[string]string{
				"schema":    "/a: {get: {responses: {'200': {description: d, content: {a/b: {schema: {type: object, properties: {p: {$ref: '%s'}}}}}}}}}",
				"parameter": "/a: {get: {parameters: [{$ref: '%s'}], responses: {}}}",
				"path item": "/a: {$ref: '%s'}",
			} {
				text := strings.Replace(withPaths(fmt.Sprintf(paths, ref)), "3.0.3", version, 1)
				dir := folderOf(t, map[string]string{"api.yaml": text, "ok.yaml": "{}", "sub/x.yaml": "{}"})
				if runtime.GOOS != "windows" {
					for link, to := range map[string]string{"link.yaml": filepath.Join(outside, "secret.yaml"), "linked": outside} {
						if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
							t.Fatal(err)
						}
					}
				}
				_, err := Load(filepath.Join(dir, "api.yaml"))
				if err == nil || !strings.Contains(err.Error(), "api.yaml#/paths/~1a") || !strings.Contains(err.Error(), "$ref") {
					t.Errorf("%s as %s of %s: %v", name, kind, version, err)
				}
			}
		}
	}
}

func TestADescriptionThatCannotBeTrustedIsRefusedWithItsPlace(t *testing.T) {
	param := func(p string) string { return withPaths("/a/{id}: {get: {parameters: [" + p + "], responses: {}}}") }
	for _, c := range []struct{ text, says string }{
		{"", "the file is empty"},
		{"[1]", "api.yaml#: it is not an object"},
		{"swagger: '2.0'", "/swagger: Swagger 2.0 is not read"},
		{`{"$schema": "https://json-schema.org/draft/2020-12/schema"}`, "it is a JSON Schema: name it in request or response"},
		{"openapi: 3.2.0", "/openapi: the version is not 3.0.x or 3.1.x"},
		{"openapi: 3.0", "/openapi: the version"},
		{"a: 1\n---\nb: 2", "more than one YAML document"},
		{"openapi: 3.0.0\ninfo: {title: a, title: b}", "api.yaml:2: the key \"title\" stands twice"},
		{"{\"openapi\": \"3.0.0\", \"info\": {\"a\": 1, \"a\": 2}}", "#/info/a: the key stands twice"},
		{"a: &a [*a]", "within what it stands for"},
		{"a: !mine b", "the tag !mine means nothing"},
		{"a: .nan", "JSON has no such number"},
		{"? [a]\n: b", "a key is no text"},
		{"a: [", "neither JSON nor YAML"},
		{strings.Repeat("[", 300) + strings.Repeat("]", 300), "deep"},
		{"openapi: 3.1.0\njsonSchemaDialect: https://example.com/mine\npaths: {}", "/jsonSchemaDialect: \"https://example.com/mine\" is not known"},
		{"openapi: 3.0.0\npaths: []", "#/paths: it is not an object"},
		{withPaths("/a: {get: 1}"), "#/paths/~1a/get: it is not an object"},
		{withPaths("/a: {get: {parameters: {}}}"), "#/paths/~1a/get/parameters: it is not a list"},
		{withPaths("/a: {get: {x-approval: maybe}}"), "/get/x-approval: it is not required"},
		{withPaths("a: {get: {}}"), "#/paths/a: the path does not begin with /"},
		{withPaths("/a?b=c: {get: {}}"), "holds a ? or #"},
		{withPaths("/{a: {get: {}}"), "begins no {name}"},
		{withPaths("/a}: {get: {}}"), "closes nothing"},
		{withPaths("/{a}{b}: {get: {}}"), "two parameters of the path touch"},
		{withPaths("/{a}/{a}: {get: {}}"), "{a} stands twice"},
		{withPaths("/a/../b: {get: {}}"), "a dot segment"},
		{withPaths("/a/%zz: {get: {}}"), "begins no escape"},
		{withPaths("/x/{a}: {get: {}}\n/x/{b}: {get: {}}"), "GET /x/{a} and /x/{b} fit the same requests"},
		{withPaths("/a: {get: {responses: {'20': {description: d}}}}"), "/responses/20: it is no status"},
		{withPaths("/a: {get: {responses: {'200': {description: d, content: {json: {}}}}}}"), "it is no media type"},
		{withPaths("/a: {get: {responses: {'200': {description: d, content: {a/b: {schema: true}}}}}}"), "a schema of OpenAPI 3.0 is an object"},
		{withPaths("/a: {get: {responses: {'200': {description: d, content: {a/b: {schema: {$ref: '#/no'}}}}}}}"), "\"#/no\": nothing stands there"},
		{withPaths("/a: {get: {responses: {'200': {description: d, content: {a/b: {schema: {type: strnig}}}}}}}"), "a~1b/schema/type is not valid"},
		{withPaths("/a: {get: {responses: {'200': {description: d, content: {a/b: {schema: {pattern: '(?=x)'}}}}}}}"), "lookaheads"},
		{withPaths("/a: {get: {responses: {'200': {description: d, content: {a/b: {schema: {properties: {p: {$ref: '#'}}}}}}}}}"), "the description as a whole"},
		{withPaths("/a: {$ref: '#/paths/~1a'}"), "leads in a circle"},
		{withPaths("/a: {get: {responses: {'200': {$ref: '#/r'}}}}") + "r: {$ref: '#/r'}", "leads in a circle"},
		{withPaths("/a: {servers: {$ref: x}}"), "it is not a list"},
		{withPaths("/a: {servers: [{url: '/{v}'}], get: {responses: {}}}"), "/servers/0/url: the path has a variable without a default"},
		{withPaths("/a: {servers: [{url: 'v1'}], get: {responses: {}}}"), "relative to where the description is served"},
		{param("{in: query}"), "the parameter has no name"},
		{param("{name: a, in: body}"), "/parameters/0/in: it is not path, query"},
		{param("{name: a, in: path, required: true}"), "the path /a/{id} has no {a}"},
		{param("{name: a, in: query, style: matrix}"), "has no style \"matrix\": write form"},
		{param("{name: a, in: query}, {name: a, in: query}"), "stands twice"},
		{param("{name: a, in: query, schema: {}, content: {a/b: {}}}"), "both schema and content"},
		{param("{name: a, in: query, content: {a/b: {}, c/d: {}}}"), "more than one media type"},
		{param("{name: a, in: query, required: 'yes'}"), "/parameters/0/required: it is not a boolean"},
	} {
		_, err := Load(filepath.Join(folderOf(t, map[string]string{"api.yaml": c.text}), "api.yaml"))
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "api.yaml") {
			t.Errorf("%.90q: %v\nwant %s", c.text, err, c.says)
		}
	}
	for _, name := range []string{"", "none.yaml", "."} {
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAliasesThatExplodeAreRefused(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	_, err := Load(filepath.Join(folderOf(t, map[string]string{"api.yaml": b.String()}), "api.yaml"))
	if err == nil || !strings.Contains(err.Error(), "grows too large by its aliases") {
		t.Error(err)
	}
}

func TestLargeDescriptionsAreBounded(t *testing.T) {
	big := "# " + strings.Repeat("x", maxFile) + "\nopenapi: 3.0.0"
	many := withPaths("/a: {$ref: '#/p'}") + "p: {get: {parameters: ["
	many += strings.TrimSuffix(strings.Repeat("{$ref: '#/q'}, ", 600), ", ") + "], responses: {}}}\nq: {name: a, in: query}\n"
	var paths strings.Builder
	for i := range 600 {
		fmt.Fprintf(&paths, "  /%d: {$ref: '#/p'}\n", i)
	}
	many = strings.Replace(many, "  /a: {$ref: '#/p'}\n", paths.String(), 1)
	for says, text := range map[string]string{"larger than 32 MiB": big, "by its references": many} {
		_, err := Load(filepath.Join(folderOf(t, map[string]string{"api.yaml": text}), "api.yaml"))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestYAMLIsReadAsOpenAPIWantsIt(t *testing.T) {
	d := described(t, `
openapi: 3.1.0
info: {title: t, version: 1.10}
x-base: &base {type: object, required: [on]}
paths:
  /a:
    put:
      requestBody:
        content:
          application/json:
            schema:
              <<: *base
              properties: {on: {const: 2020-01-01}, off: {const: no}, hex: {const: 0x1F}, e: {const: 1e3}}
      responses:
        200: {description: d, content: {application/json: {schema: *base}}}
`)
	if d.Version() != "1.10" {
		t.Errorf("version %s", d.Version())
	}
	op, _ := operation(t, d, "PUT", "/a")
	s, _ := op.Request("application/json")
	for body, want := range map[string]bool{
		`{"on":"2020-01-01"}`: true, `{"on":"x"}`: false, `{}`: false, `{"on":"2020-01-01","off":"no"}`: true,
		`{"on":"2020-01-01","hex":31}`: true, `{"on":"2020-01-01","e":1000}`: true,
	} {
		if valid(t, s, body) != want {
			t.Errorf("%s: want %v", body, want)
		}
	}
	if _, status, _ := op.Response(200, "application/json"); !status {
		t.Error("the key 200 is not a status")
	}
}

func TestWarningsSayWhatIsNotChecked(t *testing.T) {
	d := loaded(t, "orders-3.0.yaml")
	all := strings.Join(d.Warnings(), "\n")
	for _, want := range []string{
		"#/components/schemas/Order/properties/parent/nullable: what stands beside $ref is ignored",
		"#/components/schemas/Order/properties/state/enum: null is let pass",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	content := func(s string) string {
		return withPaths("/a/{id}: {get: {responses: {'200': {description: d, content: {a/b: {schema: " + s + "}}}}}}")
	}
	for text, want := range map[string]string{
		content("{type: object, discriminator: {propertyName: k}}"):                             "checked against this schema alone",
		content("{oneOf: [{type: string}], discriminator: {propertyName: k, mapping: {a: b}}}"): "/discriminator/mapping: it is not applied",
		content("{const: 1}"):               "no such keyword",
		content("{exclusiveMinimum: true}"): "there is no minimum beside it",
		strings.Replace(content("{type: string, nullable: true}"), "3.0.3", "3.1.0", 1): "3.1 has no such keyword",
		content("{enum: []}"):                        "it is empty",
		withPaths("/a/{id}: {get: {responses: {}}}"): "path parameters (missing: [id])",
		withPaths("/a: {get: {parameters: [{name: accept, in: header, schema: {}}], responses: {}}}"): "is ignored, as the standard wants it",
	} {
		if all := strings.Join(described(t, text).Warnings(), "\n"); !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
}

func TestADescriptionMayHaveThousandsOfSchemas(t *testing.T) {
	var paths, schemas strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&paths, "/%d: {get: {responses: {'200': {description: d, content: {a/b: {schema: {$ref: '#/s/S%d'}}}}}}}\n", i, i)
		fmt.Fprintf(&schemas, "  S%d: {type: object, properties: {next: {$ref: '#/s/S%d'}, n: {type: integer}}}\n", i, (i+1)%2000)
	}
	d := described(t, withPaths(paths.String())+"s:\n"+schemas.String())
	op, _ := operation(t, d, "GET", "/1999")
	s, _, _ := op.Response(200, "a/b")
	if !valid(t, s, `{"next":{"next":{"n":1}}}`) || valid(t, s, `{"next":{"next":{"n":"1"}}}`) {
		t.Error("a schema far off is not the one that is meant")
	}
}
