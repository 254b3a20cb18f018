package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/orders"
	"github.com/caddyrec/caddyrec/record"
)

// recordedSite is a site that records who asked.
const recordedSite = `
http://{$ADDRESS} {
	oidc_auth {
		issuer {$ISSUER}
		audience orders-api
	}
	session_record
	reverse_proxy {$UPSTREAM}
}
`

// What is secret in the recorded session.
const (
	payPassword = "correct horse"
	payCard     = "4111111111111111"
)

// story is a gateway with a recorded session, and what it takes to replay it.
type story struct {
	*world
	session string
	secrets string // file
	replays string // folder
}

// recordStory records one session with an orders API.
func recordStory(t *testing.T) *story {
	t.Helper()
	api := newOrders(t)
	s := &story{world: newWorld(t, issuer(t))}
	s.vars["UPSTREAM"] = host(t, api)
	s.start(recordedSite)
	s.secrets = write(t, "secrets.json", `{"fields":{"password":"`+payPassword+`","card":"`+payCard+`"}}`)
	s.replays = t.TempDir()
	c := customer{story: s, token: s.login("ana")}
	c.jar, _ = cookiejar.New(nil)

	var began struct {
		Token string `json:"csrf_token"`
	}
	c.ask(200, "GET", "/session", nil, &began)
	var order struct{ ID string }
	c.ask(201, "POST", "/orders", map[string]any{"csrf_token": began.Token, "item": "chair", "quantity": 3}, &order)
	at := "/orders/" + order.ID
	c.ask(200, "GET", "/orders", nil, nil)
	c.ask(200, "GET", at, nil, nil)
	c.ask(200, "PATCH", at, map[string]any{"quantity": 4}, nil)
	var first, second struct{ ID int }
	c.ask(201, "POST", at+"/notes", map[string]any{"text": "ring twice"}, &first)
	c.ask(201, "POST", at+"/notes", map[string]any{"text": "not on sunday"}, &second)
	c.ask(204, "DELETE", fmt.Sprint(at, "/notes/", first.ID), nil, nil)
	var both sync.WaitGroup
	for _, path := range []string{at, at + "/receipt"} {
		both.Go(func() {
			other := c
			other.ask(map[bool]int{true: 200, false: 409}[path == at], "GET", path, nil, nil)
		})
	}
	both.Wait()
	c.ask(200, "POST", at+"/payment", map[string]any{"password": payPassword, "card": payCard}, nil)
	c.ask(200, "GET", at+"/receipt", nil, nil)

	lines := s.recorded(record.ExchangeType)
	if len(lines) != 12 {
		t.Fatalf("%d exchanges are on record", len(lines))
	}
	s.session = lines[0].Session.ID
	return s
}

// customer is who is recorded.
type customer struct {
	*story
	token string
	jar   http.CookieJar
	tag   string
}

func (c *customer) ask(status int, method, path string, body, into any) {
	c.t.Helper()
	text := ""
	if body != nil {
		b, _ := json.Marshal(body)
		text = string(b)
	}
	req := c.request(method, path, c.token, text)
	if c.tag != "" && method == "PATCH" {
		req.Header.Set("If-Match", c.tag)
	}
	for _, cookie := range c.jar.Cookies(req.URL) {
		req.AddCookie(cookie)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Error(err)
		return
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		c.t.Errorf("%s %s: %d %s %v", method, path, res.StatusCode, got, err)
		return
	}
	c.jar.SetCookies(req.URL, res.Cookies())
	if tag := res.Header.Get("Etag"); tag != "" {
		c.tag = tag
	}
	if into != nil {
		if err := json.Unmarshal(got, into); err != nil {
			c.t.Error(err)
		}
	}
}

// newOrders is a fresh orders API.
func newOrders(t *testing.T) *orders.Service {
	t.Helper()
	s, err := orders.Open(filepath.Join(t.TempDir(), "orders"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func host(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// forTests is a handler that says what a replay's target must say.
func forTests(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.caddyrec/replay-target" {
			fmt.Fprint(w, "caddyrec-replay-target "+r.URL.Query().Get("nonce"))
			return
		}
		h.ServeHTTP(w, r)
	})
}

// fresh is a fresh copy of the API, made for tests. Its notes have other ids.
func fresh(t *testing.T, bug orders.Bug) (*orders.Service, string) {
	t.Helper()
	s := newOrders(t)
	s.Bug, s.FirstNote = bug, 500
	return s, "http://" + host(t, forTests(s))
}

// replay runs caddy rec replay and wants an exit code.
func (s *story) replay(code int, args ...string) (stdout, stderr string) {
	s.t.Helper()
	return s.rec(code, append([]string{"replay", "--store", s.Store(), "--address", "unix/" + filepath.Join(s.Folder, "admin.sock"),
		"--replays", s.replays, "--speed", "max", "--secrets", s.secrets}, args...)...)
}

func (s *story) rec(code int, args ...string) (stdout, stderr string) {
	s.t.Helper()
	stdout, stderr, err := s.Command(s.t.Context(), append([]string{"rec"}, args...)...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	} else if err != nil {
		s.t.Fatal(err)
	}
	if got != code {
		s.t.Fatalf("%q: exit code %d, want %d\n%s%s", args, got, code, stdout, stderr)
	}
	return stdout, stderr
}

// report is what --json prints.
type report struct {
	Replay, Outcome string
	Counts          struct{ Requests, Sent, Matched, Differed, Failed, Skipped, Unknown int }
	Steps           []struct {
		Seq                 uint64
		Method, Path, State string
		Why                 string
		Differences         []struct{ Part, Pointer, Kind, Recorded, Replayed string }
		Filled              []struct{ Place, From string }
		Learned             []struct{ Recorded, Replayed string }
	}
}

func readReport(t *testing.T, text string) report {
	t.Helper()
	var r report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return r
}

// places are those that differ, as "GET /orders/… body /price/total changed".
func (r report) places() (all []string) {
	for _, s := range r.Steps {
		segments := strings.Split(s.Path, "/")
		if len(segments) > 2 {
			segments[2] = "…"
		}
		for _, d := range s.Differences {
			all = append(all, fmt.Sprintf("%s %s %s%s %s", s.Method, strings.Join(segments, "/"), d.Part, d.Pointer, d.Kind))
		}
	}
	return all
}
