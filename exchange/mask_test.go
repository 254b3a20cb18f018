package exchange

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/masking"
)

func TestWhatCallsItselfAFormIsRecordedOnlyWhenItIsOne(t *testing.T) {
	m := Masker{Policy: &masking.Policy{}, Digest: func([]byte) string { return "digest" }}
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for body, want := range map[string]string{ // "" for no content
		"a=1&b=two+words&c":                  "a=1&b=two+words&c",
		"a[]=1&b=x%20y%C3%A9~!*'();:@,/?$|^": "a[]=1&b=x%20y%C3%A9~!*'();:@,/?$|^",
		"=":                                  "=",
		"a=1\r\n":                            "a=1\r\n",
		"a=1\n":                              "a=1\n",
		"a=1&password=LEAK\r\n":              "a=1&password=%5Bmasked%5D",

		"LEAK":                           "",
		"\r\n":                           "",
		"user:x password:LEAK a=1":       "",
		"user: x\npassword: LEAK=\n":     "",
		"a=1\r\nb=LEAK\r\n":              "",
		"a=LEAK\n\n":                     "",
		"<soap><password>LEAK=</x>":      "",
		`{"password":"LEAK="}`:           "",
		"--b\r\nname=\"p\"\r\n\r\nLEAK":  "",
		"a=LEAK\x00":                     "",
		"a=LEAK\x7f":                     "",
		"a=LEAK\t":                       "",
		"a=LEAK{":                        "",
		"a=LEAK}":                        "",
		`a=LEAK"`:                        "",
		`a=LEAK\u0041`:                   "",
		"a=LEAK>":                        "",
		"a=LEAKé":                        "",
		"a=LEAK\xff":                     "",
		"\ufeffa=LEAK":                   "",
		strings.Repeat("LEAK%3D", 1<<10): "",
	} {
		got, masked := m.Body("request", h, []byte(body), nil)
		switch {
		case got.Digest != "digest" || got.Size != int64(len(body)):
			t.Errorf("%q: digest or length is not recorded: %+v", body, got)
		case want == "":
			if got.Content != nil || got.Omitted != "not-form" || masked != nil {
				t.Errorf("%q: recorded as %+v", body, got)
			}
		case got.Content == nil || *got.Content != want || got.Omitted != "":
			t.Errorf("%q: recorded as %+v", body, got)
		}
	}
	if got, _ := m.Body("request", h, nil, nil); got != nil {
		t.Errorf("no body: recorded as %+v", got)
	}
}

func TestAnAddressWithoutAPathIsRecordedMasked(t *testing.T) {
	for target, want := range map[string]string{
		"http:orders?a=b":                     "http:orders?a=b",
		"http:orders/4111111111111111?pin=12": "http:orders/%5Bmasked%5D?pin=%5Bmasked%5D",
		"x:orders/password%3DLEAK":            "x:orders/password%3D%5Bmasked%5D",
		"/orders/4111111111111111":            "https://h:1/orders/%5Bmasked%5D",
		"*":                                   "https://h:1*",
	} {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Fatal(err)
		}
		got, masked := testMasker.URL("https", "h:1", u)
		if got != want || (masked != nil) != strings.Contains(want, "masked") {
			t.Errorf("%s is recorded as %s, %+v", target, got, masked)
		}
	}
}

func TestAHostIsMaskedAndItsPortIsNot(t *testing.T) {
	m := Masker{Policy: &masking.Policy{}}
	for host, want := range map[string]string{
		"orders.example.com":              "orders.example.com",
		"vault-secrets:8200":              "vault-secrets:8200",
		"[::1]:8080":                      "[::1]:8080",
		"4111111111111111.example.com:80": "[masked].example.com:80",
		"127.0.0.1:4111111111111111":      "127.0.0.1:[masked]",
	} {
		if got := m.Host(host); got != want {
			t.Errorf("%s became %s, not %s", host, got, want)
		}
	}
}
