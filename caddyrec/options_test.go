package caddyrec_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// provisioned is why a configuration cannot be provisioned; "" if it can.
func provisioned(t *testing.T, config string) string {
	t.Helper()
	var cfg caddy.Config
	if err := json.Unmarshal([]byte(config), &cfg); err != nil {
		t.Fatal(err)
	}
	if err := caddy.Validate(&cfg); err != nil {
		return err.Error()
	}
	return ""
}

func TestAnErrorInAnOptionNamesItAndWhatToDo(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	good, bad := file("good.json", `{"type":"object"}`), file("bad.json", `{"type":"objekt"}`)
	broken := file("broken.yaml", "openapi: 3.1.0\npaths: [")
	const (
		app = `{"admin":{"disabled":true},"apps":{"caddyrec":{"store":{"module":"local","folder":%q},%s}}}`
		log = `{"admin":{"disabled":true},"apps":{"caddyrec":{"store":{"module":"local","folder":%q}}},"logging":{"logs":{"default":%s}}}`
	)
	guard := `{"admin":{"disabled":true},"apps":{"caddyrec":{"store":{"module":"local","folder":%q}},"http":{"servers":{"s":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"json_schema_guard",%s}]}]}}}}}`
	auth := strings.Replace(guard, `"json_schema_guard"`, `"oidc_auth"`, 1)
	asks := strings.Replace(guard, `"json_schema_guard"`, `"jit_approval"`, 1)
	for _, c := range []struct{ in, options, want, hint string }{
		{auth, `"issuer":"id.example.com","audiences":["a"]`, "issuer must be an absolute URL", "such as https://id.example.com"},
		{asks, `"approvers":{"claim":"groups","values":["sec"]},"need":40`, "jit_approval: need 40: ", "1 to 32"},
		{app, `"log":"A b"`, `caddyrec: log "A b": `, "lower-case letters"},
		{app, `"commit_timeout":-1`, "caddyrec: commit_timeout -1ns: ", "use a positive duration"},
		{app, `"retain":3600000000000`, "caddyrec: retain 1h0m0s: ", "use 1d or more"},
		{app, `"mask":{"keys":["--"]}`, `caddyrec: mask: keys: "--" `, "name a key"},
		{app, `"mask":{"paths":["a"]}`, `caddyrec: mask: paths: "a" `, "begin it with one"},
		{app, `"mask":{"paths":["/~2"]}`, `caddyrec: mask: paths: "/~2": `, "must be written ~0"},
		{app, `"mask":{"detect":["cards"]}`, `caddyrec: mask: detect: unknown detector "cards"`, "there are card, "},
		{app, `"mask":{"detect":["off","card"]}`, `caddyrec: mask: detect: "off" stands alone`, "leave out"},
		{app, `"mask":{"patterns":[{"name":"a","regexp":"("}]}`, `caddyrec: mask: pattern "a": `, "missing closing )"},
		{app, `"mask":{"allow":[""]}`, "caddyrec: mask: allow: ", "leave it out"},
		{app, `"mask":{"actions":{"schema":{"action":"blur"}}}`, `caddyrec: mask: action of schema: unknown action "blur"`, "there are token"},
		{app, `"mask":{"actions":{"key:x":{"action":"token"}}}`, `caddyrec: mask: action of key:x: `, "add it to keys"},
		{app, `"encrypt_to":["ana"]`, `caddyrec: encrypt_to: "ana" is no age recipient`, "age-keygen"},
		{app, `"originals":{"to":[]}`, "caddyrec: originals: to: no recipient", "age-keygen"},
		{app, `"originals":{"to":["x"],"max_body":-1}`, "caddyrec: originals: max_body -1: ", "use a size in bytes"},
		{log, `{"encoder":{"format":"masked","wrap":{"format":"none"}}}`, "format masked: wrap: ", "none"},
		{guard, `"request_mode":"dry"`, `json_schema_guard: mode request "dry": `, "use enforce"},
		{guard, `"unknown_route":"drop"`, `json_schema_guard: unknown_route "drop": `, "use deny or pass"},
		{guard, `"max_body":-5`, "json_schema_guard: max_body -5: ", "use a positive one"},
		{guard, `"status":500`, "json_schema_guard: status 500: ", "use a status from 400 to 499"},
		{guard, `"max_body":5`, "json_schema_guard: there is no schema: ", "name an openapi"},
		{guard, fmt.Sprintf(`"openapi":%q,"request":%q`, good, good), "json_schema_guard: openapi stands beside request", "leave out"},
		{guard, fmt.Sprintf(`"request":%q,"unknown_route":"deny"`, good), "json_schema_guard: unknown_route ", "give it a matcher"},
		{guard, fmt.Sprintf(`"request":%q,"unknown_status":"deny"`, good), "json_schema_guard: unknown_status deny ", "name the response files"},
		{guard, fmt.Sprintf(`"responses":{"2x":%q}`, good), "json_schema_guard: response 2x: ", "use one such as 200"},
		{guard, fmt.Sprintf(`"request":%q`, bad), "json_schema_guard: request: schema " + bad + ": ", "correct it"},
		{guard, fmt.Sprintf(`"request":%q`, bad+".x"), "json_schema_guard: request: schema " + bad + ".x: ", "cannot be read"},
		{guard, fmt.Sprintf(`"responses":{"200":%q}`, bad), "json_schema_guard: response 200: schema " + bad + ": ", "correct it"},
		{guard, fmt.Sprintf(`"openapi":%q`, broken), "json_schema_guard: openapi " + broken + ": ", ""},
		{guard, fmt.Sprintf(`"openapi":%q`, broken+".x"), "json_schema_guard: openapi " + broken + ".x: ", "cannot be read"},
	} {
		got := provisioned(t, fmt.Sprintf(c.in, dir, c.options))
		if !strings.Contains(got, c.want) || !strings.Contains(got, c.hint) {
			t.Errorf("%s: %s\nwant %s … %s", c.options, got, c.want, c.hint)
		}
	}
}
