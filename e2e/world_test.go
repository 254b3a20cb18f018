package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/gateway"
	"github.com/caddyrec/caddyrec/e2e/provider"
)

// credential is what the upstream gets in place of the client's token.
const credential = "Bearer the-upstreams-own-credential"

const globals = `{
	admin unix/{$FOLDER}/admin.sock
	persist_config off
	grace_period 5s
	metrics
	{$SERVERS}
	log {
		level DEBUG
		{$LOG}
	}
	caddyrec {
		store local {$FOLDER}/store
		{$APP}
	}
}
`

// chain is all four directives in front of an API.
const chain = `
http://{$ADDRESS} {
	{$SITE}
	oidc_auth {
		issuer {$ISSUER}
		audience orders-api
		require groups {$GROUPS}
		upstream_credential Authorization "{file.{$CREDENTIAL}}"
		{$AUTH}
	}
	json_schema_guard {
		request {$ORDER}
		response {$RECEIPT}
	}
	session_record
	@risky {
		method POST
		json amount > 1000
	}
	jit_approval @risky {
		approvers groups security
		{$APPROVAL}
	}
	reverse_proxy {$UPSTREAM}
}
`

const orderSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"$id": "urn:test:order",
	"x-version": "3.1",
	"type": "object",
	"properties": {
		"item": {"type": "string"},
		"amount": {"type": "number", "minimum": 0},
		"shoe": {"type": "string", "x-sensitive": true}
	},
	"required": ["item", "amount"]
}`

const receiptSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"$id": "urn:test:receipt",
	"type": "object",
	"properties": {
		"receipt": {"type": "string"},
		"total": {"type": "number"},
		"shoe": {"type": "string", "x-sensitive": true}
	},
	"required": ["receipt"]
}`

// world is one gateway with an upstream behind it.
type world struct {
	*gateway.Gateway
	t        *testing.T
	up       *upstream
	provider *provider.Provider
	vars     map[string]string
}

// newWorld prepares a gateway that trusts p, which may be nil. The variables of the Caddyfile may
// be set before it is started.
func newWorld(t *testing.T, p *provider.Provider) *world {
	t.Helper()
	g, err := tests.Gateway()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Gateway: g, t: t, up: newUpstream(t), provider: p}
	w.vars = map[string]string{
		"GROUPS": "engineering security", "UPSTREAM": w.up.host(),
		"ORDER": write(t, "order.json", orderSchema), "RECEIPT": write(t, "receipt.json", receiptSchema),
		"CREDENTIAL": write(t, "credential", credential+"\n"),
	}
	if p != nil {
		w.vars["ISSUER"] = p.Issuer
	}
	t.Cleanup(w.end)
	return w
}

// config is a Caddyfile with the test's variables in it.
func (w *world) config(text string) string {
	for name, value := range w.vars {
		text = strings.ReplaceAll(text, "{$"+name+"}", value)
	}
	for _, name := range []string{"APP", "LOG", "SERVERS", "SITE", "AUTH", "APPROVAL"} {
		text = strings.ReplaceAll(text, "{$"+name+"}", "")
	}
	return text
}

// start serves a site, by default the whole chain.
func (w *world) start(site ...string) *world {
	w.t.Helper()
	if err := w.Start(w.t.Context(), w.caddyfile(site...)); err != nil {
		w.t.Fatal(err)
	}
	return w
}

func (w *world) caddyfile(site ...string) string {
	if len(site) == 0 {
		site = []string{chain}
	}
	return w.config(globals + strings.Join(site, ""))
}

func (w *world) stop() {
	w.t.Helper()
	if err := w.Stop(); err != nil {
		w.t.Error(err)
	}
}

// end stops the gateway and holds all that it recorded against the promises
// that every test shares.
func (w *world) end() {
	w.stop()
	if _, err := os.Stat(w.Store()); err == nil {
		checkStore(w)
	}
	for _, bad := range []string{"DATA RACE", "panic", "goroutine "} {
		if at := strings.Index(w.Log(), bad); at >= 0 {
			w.t.Errorf("the gateway's log tells of a %s: %s", strings.TrimSpace(bad), w.Log()[at:min(at+4000, len(w.Log()))])
		}
	}
	if w.t.Failed() {
		w.t.Logf("the gateway's log ends with\n%s", tail(w.Log(), 30))
	}
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// answer is what a client got.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// reason is the fixed word of a problem answer.
func (a answer) reason() string {
	var p struct{ Reason string }
	json.Unmarshal([]byte(a.Body), &p)
	return p.Reason
}

// order is a request body that the schema accepts.
func order(item string, amount int) string {
	return fmt.Sprintf(`{"item":%q,"amount":%d}`, item, amount)
}

// request makes a request with a JSON body and a bearer token; either may be
// empty. Headers come in pairs.
func (w *world) request(method, path, token, body string, headers ...string) *http.Request {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.Address+path, bytes.NewReader([]byte(body)))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

// do sends a request and reads the answer whole.
func (w *world) do(req *http.Request) answer {
	w.t.Helper()
	a, err := send(req)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) post(path, token, body string, headers ...string) answer {
	w.t.Helper()
	return w.do(w.request(http.MethodPost, path, token, body, headers...))
}

func (w *world) get(path, token string, headers ...string) answer {
	w.t.Helper()
	return w.do(w.request(http.MethodGet, path, token, "", headers...))
}

// client follows no redirects and goes through no proxy.
var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func send(req *http.Request) (answer, error) {
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}

// service is an access token of a client that acts for itself.
func (w *world) service(name string) string {
	w.t.Helper()
	tokens, err := w.provider.Service(w.t.Context(), name, provider.Orders)
	if err != nil {
		w.t.Fatal(err)
	}
	return tokens.Access
}

// login is an access token of an account.
func (w *world) login(account string) string {
	w.t.Helper()
	tokens, err := w.provider.Login(w.t.Context(), account, provider.Orders)
	if err != nil {
		w.t.Fatal(err)
	}
	return tokens.Access
}

// want fails the test unless an answer has this status and, if it is a
// problem, this reason.
func (w *world) want(a answer, status int, reason string) {
	w.t.Helper()
	if a.Status != status || a.reason() != reason {
		w.t.Fatalf("the answer is %d %q, want %d %q: %s", a.Status, a.reason(), status, reason, a.Body)
	}
}
