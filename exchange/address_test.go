package exchange

import (
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestSecretsOfAddressesInHeadersAreMasked(t *testing.T) {
	secrets := func(path string) (Secrets, bool) {
		s := Secrets{Query: []string{"voucher"}}
		if strings.HasPrefix(path, "/tokens/") {
			s.Path = []int{1}
			return s, true
		}
		s.WholePath = path != "/open"
		return s, path == "/open"
	}
	for address, want := range map[string]string{
		"/tokens/LEAK":                         "/tokens/%5Bmasked%5D",
		"/tokens/LEAK/more?voucher=LEAK&a=b#f": "/tokens/%5Bmasked%5D/more?voucher=%5Bmasked%5D&a=b#f",
		"https://h/tokens/LEAK":                "https://h/tokens/%5Bmasked%5D",
		"https://h":                            "https://h",
		"https://h/":                           "https://h/",
		"//h/tokens/LEAK":                      "//h/tokens/%5Bmasked%5D",
		"//other/docs":                         "//other/docs",
		"https://other/docs?voucher=LEAK":      "https://other/docs?voucher=%5Bmasked%5D",
		"http://h:1/LEAK":                      "http://h:1/%5Bmasked%5D",
		"HTTP://H:1/LEAK?a=b":                  "HTTP://H:1/%5Bmasked%5D?a=b",
		"/LEAK/LEAK":                           "/%5Bmasked%5D",
		"/open?a=b":                            "/open?a=b",
		"LEAK/5":                               "/%5Bmasked%5D",
		"?voucher=LEAK":                        "?voucher=%5Bmasked%5D",
		"https://other/go-own-secret-on":       "https://other/%5Bmasked%5D",
		"https://other/x?a=own-secret#/own-secret":   "https://other/x?a=%5Bmasked%5D#%5Bmasked%5D",
		"/open, /tokens/LEAK":                        "/open, /tokens/%5Bmasked%5D",
		"https://other/" + strings.Repeat("x", 1024): "[masked]",
		"": "",
	} {
		x := &Exchange{Request: record.Request{URL: "http://h:1/a", Headers: map[string]string{"referer": address}}, Plan: &Plan{Secrets: secrets}, secrets: []string{"own-secret", "a"}}
		before := x.Request.Headers
		x.HideReferer()
		if got := x.Request.Headers["referer"]; got != want || before["referer"] != address || (len(x.Masked) == 1) != (address != want) {
			t.Errorf("%.60s became %s, not %s; %+v", address, got, want, x.Masked)
		}
		answer := map[string]string{"location": address}
		if masked := x.HideAnswer(answer); answer["location"] != want || (len(masked) == 1) != (address != want) {
			t.Errorf("%.60s became %s, not %s; %+v", address, answer["location"], want, masked)
		}
		x.Plan = nil
		if x.HideAnswer(map[string]string{"location": address}) != nil {
			t.Error("masked without a plan")
		}
	}
}
