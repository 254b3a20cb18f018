package exchange

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestALogHasTheRequestWithoutWhatItsOperationCallsSecret(t *testing.T) {
	x := &Exchange{Request: record.Request{URL: "http://x/go/LEAK?pin=LEAK&q=1"}}
	x.Hide("/users/LEAK", "pin=LEAK&q=1", Secrets{Path: []int{1}, Query: []string{"pin"}, Header: []string{"x-card"}, Cookie: []string{"sid"}})
	x.Plan = &Plan{Secrets: func(path string) (Secrets, bool) {
		return Secrets{Path: []int{1}, Query: []string{"pin"}}, len(path) > 7 && path[:7] == "/users/"
	}}
	for uri, want := range map[string]string{
		"/go/LEAK?pin=LEAK&q=1":    "/go/%5Bmasked%5D?pin=%5Bmasked%5D&q=1",
		"/users/LEAK?pin=LEAK&q=1": "/users/%5Bmasked%5D?pin=%5Bmasked%5D&q=1",
	} {
		if got := x.LoggedAddress(uri, uri[1] == 'g'); got != want {
			t.Errorf("%s is logged as %s", uri, got)
		}
	}
	h := http.Header{
		"X-Card": {"LEAK-1", "LEAK-2"}, "Cookie": {"sid=1"}, "Referer": {"http://x/users/other"}, "Location": {"/users/other?pin=2"},
		"X-Original-Uri": {"/users/other"}, "X-Note": {"of LEAK", "of others", "of LE%41K"}, "Accept": {"*/*"},
		"Link": {"<http://x/users/other?pin=2>; rel=next, </users/other>; rel=prev"}, "Refresh": {"0; url=/users/other/"}, "Forwarded": {`for="/users/other"`},
		"Via": {"1.1 /var/lib (/users/other)"},
	}
	before := h.Clone()
	want := http.Header{
		"X-Card": {"[masked]", "[masked]"}, "Cookie": {"[masked]"}, "Referer": {"http://x/users/%5Bmasked%5D"}, "Location": {"/users/%5Bmasked%5D?pin=%5Bmasked%5D"},
		"X-Original-Uri": {"/users/%5Bmasked%5D"}, "X-Note": {"[masked]", "of others", "[masked]"}, "Accept": {"*/*"},
		"Link":    {"<http://x/users/%5Bmasked%5D?pin=%5Bmasked%5D>; rel=next, </users/%5Bmasked%5D>; rel=prev"},
		"Refresh": {"0; url=/users/%5Bmasked%5D/"}, "Forwarded": {`for="/users/%5Bmasked%5D"`},
		"Via": {"1.1 /var/lib (/users/%5Bmasked%5D)"},
	}
	if got := x.LoggedHeader(h); !reflect.DeepEqual(got, want) {
		t.Errorf("logged are %v", got)
	}
	if !reflect.DeepEqual(h, before) {
		t.Errorf("the fields themselves became %v", h)
	}
	for text, want := range map[string]string{
		"bad /users/other?pin=2: gone":      "bad /users/%5Bmasked%5D?pin=%5Bmasked%5D: gone",
		"/users/other":                      "/users/%5Bmasked%5D",
		"dial unix /run/a.sock: no LEAK":    "dial unix /run/a.sock: no [masked]",
		"LE%41K":                            "[masked]",
		"card LEAK-2 of users/LEAK":         "card [masked]-2 of users/[masked]",
		"dial tcp 127.0.0.1:1: it is gone":  "dial tcp 127.0.0.1:1: it is gone",
		"card c-1234, and nobody's c-12345": "card [masked], and nobody's [masked]5",
	} {
		if got := x.LoggedText(text, http.Header{"X-Card": {"c-1234"}}); got != want {
			t.Errorf("%s is logged as %s, want %s", text, got, want)
		}
	}
}

func TestALogHasARequestWithoutSecretsAsItIs(t *testing.T) {
	x := &Exchange{Request: record.Request{URL: "http://x/users/5?q=1"}}
	h := http.Header{"Referer": {"http://x/users/other"}}
	if got := x.LoggedAddress("/users/5?q=1", true); got != "/users/5?q=1" {
		t.Errorf("logged is %s", got)
	}
	if got := x.LoggedHeader(h); reflect.ValueOf(got).Pointer() != reflect.ValueOf(h).Pointer() {
		t.Error("the fields were cloned")
	}
}
