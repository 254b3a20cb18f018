package cli

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestATokenGoesOnlyWhereItIsSafe(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://orders.example.com":       true,
		"https://orders.example.com:8443":  true,
		"https://example.com/orders/":      true,
		"http://localhost:8080":            true,
		"http://orders.localhost":          true,
		"http://127.0.0.1:80":              true,
		"http://127.8.8.8":                 true,
		"http://[::1]:8080":                true,
		"http://orders.example.com":        false,
		"http://localhost.example.com":     false,
		"http://127.0.0.1.example.com":     false,
		"http://0.0.0.0":                   false,
		"http://10.0.0.1":                  false,
		"http://[::ffff:10.0.0.1]":         false,
		"ftp://localhost":                  false,
		"orders.example.com":               false,
		"localhost:8080":                   false,
		"https://":                         false,
		"https://ana:pw@example.com":       false,
		"https://example.com?token=x":      false,
		"https://example.com#x":            false,
		"":                                 false,
		"https:example.com":                false,
		"http://localhost\x00.example.com": false,
	} {
		u, err := parseGateway(address)
		if (err == nil) != ok {
			t.Errorf("%q: %v, %v", address, u, err)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("the error tells a password: %v", err)
		}
	}
}

func TestANameThatLiesAboutBeingThisMachineIsNotDialled(t *testing.T) {
	for address, ok := range map[string]bool{"127.0.0.1:80": true, "[::1]:80": true, "192.0.2.1:80": false, "[2001:db8::1]:80": false, "x": false} {
		if err := onlyLoopback("tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestTheTokenIsReadFromAFileOrTheEnvironment(t *testing.T) {
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "token")
		mustNot(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	t.Setenv("CADDYREC_TOKEN", "from-environment")
	for _, c := range []struct{ file, want string }{
		{"", "from-environment"},
		{file("from-file\n"), "from-file"},
		{file("\n"), ""},
		{file("two words"), ""},
		{file("a\x1b"), ""},
		{file(strings.Repeat("x", maxSmall+1)), ""},
		{filepath.Join(t.TempDir(), "none"), ""},
	} {
		got, err := (&gatewayFlags{tokenFile: c.file}).token()
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", c.file, got, err)
		}
	}
	t.Setenv("CADDYREC_TOKEN", "")
	if _, err := (&gatewayFlags{}).token(); err == nil {
		t.Error("no token is a token")
	}
}

func TestARefusalIsOneClearLine(t *testing.T) {
	g := newFakeGateway(t)
	for _, c := range []struct {
		problem refusal
		want    string
		code    int
	}{
		{refusal{Title: "nobody can approve what they asked for", Status: 403, Reason: "self-approval"}, "the gateway says: nobody can approve what they asked for (self-approval)", codeNo},
		{refusal{Title: "T", Status: 409, Detail: "D", Reason: "r"}, "the gateway says: T: D (r)", codeNo},
		{refusal{Status: 410}, "the gateway says: status 410", codeNo},
		{refusal{Title: "not recorded", Status: 503, Reason: "ledger-full"}, "the gateway says: not recorded (ledger-full)", codeFailed},
	} {
		g.problem = &c.problem
		_, err := g.client().vote(context.Background(), approvalC, approve, "")
		if err == nil || err.Error() != c.want || codeOf(err) != c.code {
			t.Errorf("got %v with code %d, want %s with %d", err, codeOf(err), c.want, c.code)
		}
	}
}

func TestWhatIsNoGatewayIsSaidToBeNone(t *testing.T) {
	elsewhere := newFakeGateway(t)
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"a web site", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>hi")) }, "not how caddyrec answers"},
		{"a 404 of another server", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, "answered 404"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusPermanentRedirect)
		}, "points to " + elsewhere.URL},
		{"broken JSON", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{"))
		}, "no list of approvals"},
		{"a broken problem", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(400)
		}, "cannot be read"},
		{"an answer without an end", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			chunk := []byte(strings.Repeat(" ", 1<<20))
			for range maxAnswer>>20 + 2 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, "longer than 64.0 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			u, err := url.Parse(server.URL)
			mustNot(t, err)
			_, err = newClient(u, sampleToken).list(context.Background())
			if err == nil || !strings.Contains(err.Error(), c.want) || codeOf(err) != codeFailed {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), sampleToken) {
				t.Error("the error tells the token")
			}
		})
	}
}

func TestAnUntrustedCertificateIsNotAccepted(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = nil
	u, err := url.Parse(server.URL)
	mustNot(t, err)
	_, err = newClient(u, sampleToken).list(context.Background())
	if err == nil || !strings.Contains(err.Error(), "make its CA trusted") {
		t.Errorf("got %v", err)
	}
}

func TestAVoteThatGotNoAnswerMayCount(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer server.Close()
	u, err := url.Parse(server.URL)
	mustNot(t, err)
	_, err = newClient(u, sampleToken).vote(context.Background(), approvalC, approve, "")
	var refused *refusal
	if err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "may count") {
		t.Errorf("got %v", err)
	}
}
