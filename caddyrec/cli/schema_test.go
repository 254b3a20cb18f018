package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const checkedAPI = `openapi: 3.1.0
info: {title: Orders, version: "7"}
paths:
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, x-sensitive: true, schema: {type: string}}
      - {name: filter, in: query, style: deepObject, x-sensitive: true, schema: {type: object}}
    put:
      operationId: putOrder
      x-approval: required
      requestBody: {content: {application/json: {schema: {$ref: "order.json"}}}}
      responses:
        "204": {description: done}
        default: {description: not done, content: {application/json: {schema: {type: object, properties: {hint: {x-mask: {action: partial, keep: 2}}}}}}}
`

const checkedSchema = `{"$id":"https://x/order","x-version":"3","type":"object","properties":{
	"card":{"x-mask":{"action":"pseudonym"}},"pin":{"writeOnly":true},"parts":{"type":"array","items":{"x-mask":"drop"}}}}`

// schemas is a folder with files to check.
func schemas(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"orders.yaml": checkedAPI,
		"order.json":  checkedSchema,
		"plain.json":  `{"type":"object"}`,
		"broken.json": `{"properties":{"a":{"$ref":"none.json"}}}`,
		"broken.yml":  "openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths: {/a: {get: {responses: {'200': {description: x, content: {application/json: {schema: {$ref: none.json}}}}}}}}\n",
		"old.json":    `{"swagger":"2.0"}`,
	} {
		mustNot(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func TestWhereAMaskIsWrittenIsWholeOnANarrowTerminal(t *testing.T) {
	t.Chdir(schemas(t))
	s := newScreen().terminal(44)
	mustNot(t, checkSchemas(s.console, []string{"order.json"}, false))
	wantIn(t, s.stdout.String(), "WRITTEN AT", "/properties/card\n", "/properties/parts/items\n")
}

func TestSchemaCheckTellsPlacesAndOperations(t *testing.T) {
	t.Chdir(schemas(t))
	s := newScreen()
	mustNot(t, checkSchemas(s.console, []string{"order.json", "orders.yaml", "plain.json"}, false))
	wantIn(t, s.stdout.String(),
		"order.json: JSON Schema, 3 places masked",
		"  id         https://x/order\n  version    3\n",
		"IN    PLACE     HOW        BECAUSE    WRITTEN AT\n",
		"body  /card     pseudonym  x-mask     /properties/card\n",
		"body  /parts/*  drop       x-mask     /properties/parts/items\n",
		"body  /pin      by mask    writeOnly  /properties/pin\n",
		"orders.yaml: OpenAPI, 1 operation, 1 needs approval, 7 places masked\n",
		"  files      orders.yaml, order.json\n",
		"PUT /orders/{id}  putOrder  application/json  204, default  required\n",
		"PUT /orders/{id}  path     {id}",
		"PUT /orders/{id}  query    filter",
		"PUT /orders/{id}  request  /card",
		"PUT /orders/{id}  default  /hint      partial 2  x-mask",
		"plain.json: JSON Schema, 0 places masked\n",
	)
}

func TestSchemaCheckFitsTheTerminal(t *testing.T) {
	t.Chdir(schemas(t))
	s := newScreen().terminal(60)
	mustNot(t, checkSchemas(s.console, []string{"orders.yaml"}, false))
	table := s.stdout.String()[strings.Index(s.stdout.String(), "OPERATION"):]
	for line := range strings.Lines(table) {
		if columns(strings.TrimSuffix(line, "\n")) > 60 {
			t.Errorf("too wide: %s", line)
		}
	}
}

func TestSchemaCheckGivesProgramsOneObjectAFile(t *testing.T) {
	t.Chdir(schemas(t))
	s := newScreen()
	if err := checkSchemas(s.console, []string{"orders.yaml", "broken.json"}, true); codeOf(err) != codeNo {
		t.Errorf("%v", err)
	}
	lines := strings.Split(strings.TrimSpace(s.stdout.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines:\n%s", len(lines), s.stdout)
	}
	var r schemaReport
	mustNot(t, json.Unmarshal([]byte(lines[0]), &r))
	if r.Kind != "openapi" || r.Version != "7" || len(r.Digest) != 64 || len(r.Operations) != 1 || !r.Operations[0].Approval || len(r.Masked) != 7 {
		t.Errorf("got %+v", r)
	}
	mustNot(t, json.Unmarshal([]byte(lines[1]), &r))
	if r.Error == "" || r.File != "broken.json" {
		t.Errorf("got %+v", r)
	}
}

func TestSchemaCheckExitsByWhatItFound(t *testing.T) {
	t.Chdir(schemas(t))
	for _, c := range []struct {
		args           string
		code           int
		stdout, stderr string
	}{
		{"order.json orders.yaml", 0, "putOrder", ""},
		{"broken.json order.json", 2, "broken.json cannot be loaded", ""},
		{"broken.json order.json", 2, "order.json: JSON Schema", ""},
		{"broken.yml", 2, "none.json", ""},
		{"old.json", 2, "Swagger", ""},
		{"nowhere.json", 1, "", "nowhere.json"},
		{".", 1, "", "directory"},
		{"", 1, "", "Usage: "},
	} {
		code, stdout, stderr := runCaddy(t, nil, append([]string{"rec", "schema", "check"}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%q: exit code %d\n%s%s", c.args, code, stdout, stderr)
		}
	}
}

func TestTextsOfASchemaAreSafeToShow(t *testing.T) {
	t.Chdir(t.TempDir())
	const odd = `\u001b[31m\u202e\u001b]0;x\u0007`
	mustNot(t, os.WriteFile("x.json", []byte(`{"x-version":"`+odd+`","properties":{"`+odd+`":{"x-sensitive":true}}}`), 0o600))
	mustNot(t, os.WriteFile("y.json", []byte(`{"$ref":"`+odd+`"}`), 0o600))
	s := newScreen()
	if err := checkSchemas(s.console, []string{"x.json", "y.json"}, false); codeOf(err) != codeNo {
		t.Error(err)
	}
	wantIn(t, s.stdout.String(), "x.json: JSON Schema, 1 place masked", "y.json cannot be loaded")
	if bad := unsafe(s.stdout.String()); bad != "" {
		t.Errorf("it has %q:\n%q", bad, s.stdout)
	}
}
