package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/provider"
)

func start(t *testing.T) *provider.Provider {
	t.Helper()
	p := provider.New(t.TempDir())
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Groups   []string `json:"groups"`
	Email    string   `json:"email"`
}

func read(t *testing.T, token string) (c claims) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a JWT", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnAccountThatLogsInGetsAnAccessTokenWithItsClaims(t *testing.T) {
	p := start(t)
	tokens, err := p.Login(t.Context(), "ana", provider.Orders)
	if err != nil {
		t.Fatal(err)
	}
	c := read(t, tokens.Access)
	if c.Issuer != p.Issuer || c.Subject != "ana" || c.Audience != "orders-api" || len(c.Groups) != 1 || c.Groups[0] != "engineering" || c.Email != "ana@example.com" {
		t.Errorf("claims are %+v", c)
	}
	if tokens.ID == "" {
		t.Error("there is no ID token")
	}
}

func TestAProviderThatStartsAgainIsTheSame(t *testing.T) {
	p := start(t)
	issuer := p.Issuer
	before, err := p.Service(t.Context(), "service", provider.Billing)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := p.Service(t.Context(), "service", provider.Billing)
	if err != nil {
		t.Fatal(err)
	}
	header := func(s string) string { h, _, _ := strings.Cut(s, "."); return h }
	if p.Issuer != issuer || header(before.Access) != header(after.Access) {
		t.Errorf("it was %s signing with %s, and is %s signing with %s", issuer, header(before.Access), p.Issuer, header(after.Access))
	}
	if err := p.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	rotated, err := p.Service(t.Context(), "service", provider.Billing)
	if err != nil {
		t.Fatal(err)
	}
	if header(rotated.Access) == header(after.Access) {
		t.Error("after a rotation it signs with the same key")
	}
}
