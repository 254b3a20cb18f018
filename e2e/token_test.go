package e2e

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/provider"
	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

func TestTokensOfBothFlowsAndOfBothKindsOfKeysAreAccepted(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	for name, token := range map[string]string{
		"client credentials, RS256": w.service("service"),
		"client credentials, ES256": w.service("service-es256"),
		"authorization code":        w.login("ana"),
	} {
		if a := w.post("/orders", token, order("chair", 1)); a.Status != http.StatusOK {
			t.Errorf("%s: the answer is %d %s", name, a.Status, a.Body)
		}
	}
}

func TestATokenThatIsNotForThisAPIIsRefusedAndTheRefusalRecorded(t *testing.T) {
	p := issuer(t)
	w := newWorld(t, p).start()
	ctx := t.Context()
	good := w.service("service")
	billing, err := p.Service(ctx, "service", provider.Billing)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, token, reason, subject string }{
		{"another audience", billing.Access, "token-audience", "service"},
		{"a changed claim", changed(good), "token-signature", "service"},
		{"no JWT", "abc", "token-malformed", ""},
		{"no token", "", "token-missing", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.post("/orders", c.token, order("chair", 1))
			if a.Status != http.StatusUnauthorized {
				t.Fatalf("the answer is %d %s", a.Status, a.Body)
			}
			challenge := a.Header.Get("WWW-Authenticate")
			if !strings.HasPrefix(challenge, "Bearer ") || (c.token != "") != strings.Contains(challenge, `error="invalid_token"`) {
				t.Errorf("the challenge is %q", challenge)
			}
			if c.token != "" && strings.Contains(a.Body+challenge, c.token) {
				t.Errorf("the answer repeats the token: %s %s", challenge, a.Body)
			}
			l := w.last(record.Denied)
			if l.Denial.By != "oidc_auth" || l.Denial.Reason != a.reason() || l.Identity != nil {
				t.Errorf("the refusal on record is %+v by %+v, the answer's reason %s", l.Denial, l.Identity, a.reason())
			}
			if c.reason != a.reason() {
				t.Errorf("the reason is %s, want %s", a.reason(), c.reason)
			}
			if u := l.Denial.Unverified; (u != nil) != (c.subject != "") || u != nil && u.Subject != c.subject {
				t.Errorf("the token's unverified subject on record is %+v, want %q", u, c.subject)
			}
		})
	}
	if n := len(w.up.arrivals()); n != 0 {
		t.Errorf("%d refused requests reached the upstream", n)
	}
}

func TestAnIDTokenOfTheSameAudienceIsRefused(t *testing.T) {
	p := issuer(t)
	ana, err := p.Login(t.Context(), "ana", provider.Orders)
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{"access", "at+jwt"} {
		t.Run(profile, func(t *testing.T) {
			w := newWorld(t, p)
			w.vars["AUTH"] = "token_profile " + profile
			w.start()
			w.want(w.post("/orders", ana.Access, order("chair", 1)), http.StatusOK, "")
			w.want(w.post("/orders", ana.ID, order("chair", 1)), http.StatusUnauthorized, "token-profile")
			if l := w.wantDenied("oidc_auth", http.StatusUnauthorized, "token-profile"); l.Denial.Unverified.Subject != "ana" {
				t.Errorf("the refusal on record is of %+v", l.Denial.Unverified)
			}
		})
	}
}

// changed makes the token say something else with the same signature.
func changed(token string) string {
	parts := strings.Split(token, ".")
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), "engineering", "everything!", 1)))
	return strings.Join(parts, ".")
}

func TestATokenIsRefusedOnceItHasExpired(t *testing.T) {
	w := newWorld(t, issuer(t))
	w.vars["AUTH"] = "leeway 1s"
	w.start()
	token := w.service("service-short")
	if a := w.post("/orders", token, order("chair", 1)); a.Status != http.StatusOK {
		t.Fatalf("the answer is %d %s", a.Status, a.Body)
	}
	var a answer
	wait.Until(t, "the token is refused", func() bool {
		a = w.post("/orders", token, order("chair", 1))
		return a.Status != http.StatusOK
	})
	w.want(a, http.StatusUnauthorized, "token-expired")
	w.wantDenied("oidc_auth", http.StatusUnauthorized, "token-expired")
}

func TestATokenWithoutTheRequiredGroupIsForbidden(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	for who, token := range map[string]string{"eve": w.login("eve"), "service-nogroup": w.service("service-nogroup")} {
		a := w.post("/orders", token, order("chair", 1))
		w.want(a, http.StatusForbidden, "claim-groups")
		if c := a.Header.Get("WWW-Authenticate"); !strings.Contains(c, `error="insufficient_scope"`) {
			t.Errorf("the challenge is %q", c)
		}
		if l := w.wantDenied("oidc_auth", http.StatusForbidden, "claim-groups"); l.Identity == nil || l.Identity.Subject != who {
			t.Errorf("the identity on record is %+v, want %s", l.Identity, who)
		}
	}
	if n := len(w.up.arrivals()); n != 0 {
		t.Errorf("%d refused requests reached the upstream", n)
	}
}

func TestTwoAuthorizationHeadersAreRefused(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	req := w.request(http.MethodPost, "/orders", w.service("service"), order("chair", 1))
	req.Header.Add("Authorization", "Bearer "+w.service("service"))
	w.want(w.do(req), http.StatusBadRequest, "token-twice")
}
