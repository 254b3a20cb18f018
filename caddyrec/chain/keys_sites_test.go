package chain_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestWithoutSessionReplayAKeyOpensNothing(t *testing.T) {
	r := start(t, replayChain)
	r.ready()
	k := r.issue(`{"sessions":["s_1"],"purpose":"x"}`, r.as("ben", "sec")...)
	before := len(r.upstream.requests())
	r.load("oidc_auth {\nissuer ISSUER\naudience orders-api\n}\nsession_record\nreverse_proxy UPSTREAM")
	r.ready()
	for _, path := range []string{"/.caddyrec/replay/key", "/.caddyrec/replay/sessions/s_1/frames", "/"} {
		if a := r.do("GET", path, "", "Authorization", "Bearer "+k.Key); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
	}
	if a := r.do("GET", "/.caddyrec/replay/key", "", r.as("ben", "sec")...); a.StatusCode != 404 {
		t.Errorf("with a token: %d %s", a.StatusCode, a.text)
	}
	if n := len(r.upstream.requests()); n != before {
		t.Errorf("%d requests reached the upstream", n-before)
	}
}

func TestAnotherSitesSessionReplayAnswersNothingHere(t *testing.T) {
	other := freeURL(t)
	r := start(t, replayChain+"\n}\n"+other+" {\n\toidc_auth {\n\t\tissuer ISSUER\n\t\taudience orders-api\n\t}\n\treverse_proxy UPSTREAM")
	r.ready()
	k := r.issue(`{"sessions":["s_1"],"purpose":"x"}`, r.as("ben", "sec")...)
	r.url = other
	if a := r.with(k.Key); a.StatusCode != 401 {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
	if n := len(r.upstream.requests()); n != 0 {
		t.Errorf("%d requests reached the upstream", n)
	}
}

func TestSitesOfOneServiceTakeEachOthersKeys(t *testing.T) {
	other := freeURL(t)
	site := func(settings string) string {
		return replayChain + "\n}\n" + other + " {\n\tsession_replay {\n\t\tissue_to groups sec\n" + settings + "\n\t}\n\trespond nothing 418"
	}
	r := start(t, site("max_ttl 30m"))
	r.ready()
	k := r.issue(`{"sessions":["s_1"],"purpose":"x"}`, r.as("ben", "sec")...)
	here := r.url
	r.url = other
	if a := r.with(k.Key); a.StatusCode != 200 {
		t.Errorf("the other site: %d %s", a.StatusCode, a.text)
	}
	r.url = here
	if err := r.tryLoad(site("max_ttl 20m")); err == nil || !strings.Contains(err.Error(), "give one another name with service") {
		t.Errorf("with other settings: %v", err)
	}
	r.load(site("service other"))
	r.url = other
	if a := r.with(k.Key); a.StatusCode != 401 || a.problem(t).Reason != "key-unknown-key" {
		t.Errorf("another service: %d %s", a.StatusCode, a.text)
	}
}

func TestAMatcherAroundSessionReplayHoldsForKeys(t *testing.T) {
	r := start(t, strings.Replace(strings.Replace(replayChain, "session_replay {", "@near header X-Near yes\n\thandle @near {\n\tsession_replay {", 1), "max_ttl 30m\n\t}", "max_ttl 30m\n\t}\n\t}", 1))
	r.ready()
	near := []string{"X-Near", "yes"}
	k := r.issue(`{"sessions":["s_1"],"purpose":"x"}`, append(near, r.as("ben", "sec")...)...)
	bearer := []string{"Authorization", "Bearer " + k.Key}
	if a := r.do("GET", "/.caddyrec/replay/key", "", append(near, bearer...)...); a.StatusCode != 200 {
		t.Errorf("from near: %d %s", a.StatusCode, a.text)
	}
	if a := r.do("GET", "/.caddyrec/replay/key", "", bearer...); a.StatusCode != 401 {
		t.Errorf("from afar: %d %s", a.StatusCode, a.text)
	}
	if n := len(r.upstream.requests()); n != 0 {
		t.Errorf("%d requests reached the upstream", n)
	}
}
