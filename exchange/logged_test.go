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
		"X-Original-Uri": {"/users/other"}, "X-Note": {"of LEAK", "of others"}, "Accept": {"*/*"},
	}
	before := h.Clone()
	want := http.Header{
		"X-Card": {"[masked]", "[masked]"}, "Cookie": {"[masked]"}, "Referer": {"http://x/users/%5Bmasked%5D"}, "Location": {"/users/%5Bmasked%5D?pin=%5Bmasked%5D"},
		"X-Original-Uri": {"/users/%5Bmasked%5D"}, "X-Note": {"[masked]", "of others"}, "Accept": {"*/*"},
	}
	if got := x.LoggedHeader(h); !reflect.DeepEqual(got, want) {
		t.Errorf("logged are %v", got)
	}
	if !reflect.DeepEqual(h, before) {
		t.Errorf("the fields themselves became %v", h)
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
