package chain_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

const fullChain = `
	oidc_auth {
		issuer ISSUER
		audience orders-api
		require groups eng sec
		upstream_credential X-Api-Key upstream-secret-1
	}
	json_schema_guard {
		request DIR/order.json
		response 200 DIR/answer.json
	}
	session_record
	@risky json amount > 1000
	jit_approval @risky {
		approvers groups sec
		wait 50ms
	}
	reverse_proxy UPSTREAM
`

func TestARequestIsAnsweredAndRecordedMasked(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	a := r.do("POST", "/orders?token=q-secret&page=2", `{"amount":10,"code":"c-secret","note":"card 4111 1111 1111 1111"}`, r.as("ana", "eng")...)
	if a.StatusCode != 200 || a.text != `{"ok":true}` {
		t.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	up := r.upstream.requests()
	if len(up) != 1 || up[0].body != `{"amount":10,"code":"c-secret","note":"card 4111 1111 1111 1111"}` {
		t.Fatalf("the upstream got %+v", up)
	}
	if up[0].header.Get("Authorization") != "" || up[0].header.Get("X-Api-Key") != "upstream-secret-1" {
		t.Errorf("credentials at the upstream: %v", up[0].header)
	}
	intent, ex := r.one(record.Intent), r.one(record.ExchangeType)
	const masked = `{"amount":10,"code":"[masked]","note":"card [masked]"}`
	for _, rec := range []*record.Record{intent, ex} {
		if rec.Request.Body == nil || *rec.Request.Body.Content != masked {
			t.Errorf("%s holds the body %+v", rec.Type, rec.Request.Body)
		}
		if rec.Request.URL != r.url+"/orders?token=%5Bmasked%5D&page=2" {
			t.Errorf("%s holds the url %s", rec.Type, rec.Request.URL)
		}
		if rec.Identity.Subject != "ana" || rec.Session.Key != "sid" || rec.Schema.Request.Verdict != "valid" || rec.Schema.Request.Version != "3" {
			t.Errorf("%s: %+v %+v %+v", rec.Type, rec.Identity, rec.Session, rec.Schema)
		}
	}
	if intent.Seq >= ex.Seq || intent.Exchange != ex.Exchange {
		t.Error("the intent does not come before its exchange")
	}
	if *ex.Response.Body.Content != `{"ok":true}` || ex.Schema.Response.Verdict != "valid" || ex.Response.Status != 200 {
		t.Errorf("the answer in the record: %+v", ex.Response)
	}
	if len(r.records(func(rec *record.Record) bool {
		return rec.Type == record.SessionObserved && rec.Identity.Subject == "ana"
	})) != 1 {
		t.Error("the session's first sight is not recorded")
	}
}

func TestTheIntentIsDurableBeforeTheUpstreamSeesTheRequest(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	seen := make(chan int, 1)
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		seen <- len(r.records(ofType(record.Intent)))
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"ok":true}`))
	}
	r.do("POST", "/orders", `{"amount":1}`, r.as("ana", "eng")...)
	if n := <-seen; n != 1 {
		t.Errorf("%d intents were durable when the upstream got the request", n)
	}
}

func TestASafeRequestHasNoIntentByDefault(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	r.do("GET", "/orders", "", r.as("ana", "eng")...)
	if n := len(r.records(ofType(record.Intent))); n != 0 {
		t.Errorf("%d intents", n)
	}
	r.one(record.ExchangeType)
}

func TestTheAnswerToARefusedTokenSaysWhatHelps(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	for want, claims := range map[string]map[string]any{
		"configured audience":          {"aud": "billing-api"},
		"clocks of issuer and gateway": {"iat": time.Now().Add(time.Hour).Unix()},
	} {
		token, err := r.issuer.Token("ana", time.Now(), claims)
		if err != nil {
			t.Fatal(err)
		}
		a := r.do("GET", "/", "", "Authorization", "Bearer "+token)
		if a.StatusCode != 401 || !strings.Contains(a.text, want) {
			t.Errorf("got %d %s, want %q", a.StatusCode, a.text, want)
		}
	}
}

func TestTokensAreRefusedAsRFC6750Says(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	old, err := r.issuer.Token("carl", time.Now().Add(-48*time.Hour), nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := r.issuer.Token("ana", time.Now(), map[string]any{"aud": "billing-api"})
	if err != nil {
		t.Fatal(err)
	}
	good := r.as("ana", "eng")
	for _, c := range []struct {
		name      string
		header    []string
		status    int
		challenge string
		reason    string
	}{
		{"no token", nil, 401, `Bearer realm="caddyrec"`, "token-missing"},
		{"basic", []string{"Authorization", "Basic YTpi"}, 401, `Bearer realm="caddyrec"`, "token-missing"},
		{"nonsense", []string{"Authorization", "Bearer x.y.z"}, 401, `error="invalid_token"`, "token-malformed"},
		{"expired", []string{"Authorization", "Bearer " + old}, 401, `error="invalid_token"`, "token-expired"},
		{"another audience", []string{"Authorization", "Bearer " + other}, 401, `error="invalid_token"`, "token-audience"},
		{"a changed signature", []string{"Authorization", good[1][:len(good[1])-6] + "AAAAAA"}, 401, `error="invalid_token"`, "token-signature"},
		{"two headers", append(good, good...), 400, `error="invalid_request"`, "token-twice"},
		{"not in the group", r.as("eve", "sales"), 403, `error="insufficient_scope"`, "claim-groups"},
	} {
		before := len(r.records(ofType(record.Denied)))
		a := r.do("GET", "/", "", c.header...)
		if a.StatusCode != c.status || !strings.Contains(a.Header.Get("WWW-Authenticate"), c.challenge) || a.problem(t).Reason != c.reason {
			t.Errorf("%s: %d %q %s", c.name, a.StatusCode, a.Header.Get("WWW-Authenticate"), a.text)
		}
		denied := r.records(ofType(record.Denied))
		if len(denied) != before+1 || denied[before].Denial.Reason != c.reason || denied[before].Denial.By != "oidc_auth" {
			t.Errorf("%s: not recorded as denied", c.name)
		}
	}
	if n := len(r.upstream.requests()); n != 0 {
		t.Errorf("%d of them reached the upstream", n)
	}
	expired := r.records(func(rec *record.Record) bool { return rec.Denial != nil && rec.Denial.Reason == "token-expired" })
	if expired[0].Denial.Unverified == nil || expired[0].Denial.Unverified.Subject != "carl" {
		t.Error("the record does not say whose the forgotten token was")
	}
}

func TestPlaceholdersTellTheIdentityAndNothingTheClientSaid(t *testing.T) {
	// route keeps the written order: header comes before oidc_auth in Caddy's.
	r := start(t, `route {
	oidc_auth {
		issuer ISSUER
		audience orders-api
	}
	header X-Id {http.auth.user.id}
	header X-Groups {http.auth.user.groups}
	header X-Email "<{http.auth.user.email}>"
	header X-Bad "{http.auth.user.bad}"
	respond ok
	}`)
	r.ready()
	token, err := r.issuer.Token("ana", time.Now(), map[string]any{"groups": []string{"eng", "sec"}, "bad": "{env.PATH}"})
	if err != nil {
		t.Fatal(err)
	}
	a := r.do("GET", "/", "", "Authorization", "Bearer "+token, "X-Auth-User-Email", "forged@x")
	for name, want := range map[string]string{"X-Id": "ana", "X-Groups": "eng,sec", "X-Email": "<>", "X-Bad": "{env.PATH}"} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
}

func TestOtherSpellingsOfReservedPathsAreNotFoundAndNeedNoApproval(t *testing.T) {
	for name, site := range map[string]string{
		"by a matcher": fullChain,
		"everything":   strings.Replace(strings.Replace(fullChain, "jit_approval @risky", "jit_approval", 1), "@risky json amount > 1000", "", 1),
		"none":         "oidc_auth {\nissuer ISSUER\naudience orders-api\n}\nsession_record\nreverse_proxy UPSTREAM",
	} {
		r := start(t, site)
		r.ready()
		for _, path := range []string{"/.CADDYREC/approvals", "/.Caddyrec/", "/x/../.caddyrec/approvals", "//.caddyrec/approvals/x/votes", "/./.caddyrec/approvals", "/%2eCADDYREC/approvals", "/x/..//.caddyREC/y"} {
			for _, a := range []answer{r.do("GET", path, "", r.as("ana", "eng")...), r.do("POST", path, `{"amount":5000}`, r.as("ana", "eng")...)} {
				if a.StatusCode != 404 || a.problem(t).Reason != "not-found" {
					t.Errorf("%s: %s got %d %s", name, path, a.StatusCode, a.text)
				}
			}
		}
		if up := r.upstream.requests(); len(up) != 0 {
			t.Errorf("%s: the upstream got %v", name, up)
		}
		if n := len(r.records(ofType(record.ApprovalRequested))); n != 0 {
			t.Errorf("%s: %d approvals were opened", name, n)
		}
		if a := r.do("GET", "/x.caddyrec/y", "", r.as("ana", "eng")...); site != fullChain && a.StatusCode == 404 {
			t.Errorf("%s: a path of another name got %d", name, a.StatusCode)
		}
		stopCaddy(t)
	}
}

func TestReservedPathsNeverReachTheUpstream(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	for _, path := range []string{"/.caddyrec/", "/.caddyrec/approvals", "/.caddyrec/approvals/x/votes", "/.caddyrec/../orders", "/.caddyrec/approvals/018f0000-0000-7000-8000-000000000000"} {
		for _, a := range []answer{r.do("GET", path, "", r.as("ana", "eng")...), r.do("POST", path, `{"amount":1}`, r.as("ana", "eng")...)} {
			if a.StatusCode != 404 && (a.StatusCode != 200 || path != "/.caddyrec/approvals") && a.StatusCode != 400 {
				t.Errorf("%s got %d %s", path, a.StatusCode, a.text)
			}
		}
	}
	if up := r.upstream.requests(); len(up) != 0 {
		t.Errorf("the upstream got %v", up)
	}
	if a := r.do("GET", "/.caddyrec/approvals", ""); a.StatusCode != 401 {
		t.Errorf("without a token: %d", a.StatusCode)
	}
}
