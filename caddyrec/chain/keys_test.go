package chain_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/replaytest"
)

const replayChain = `
	oidc_auth {
		issuer ISSUER
		audience orders-api
		require groups eng sec
		upstream_credential X-Api-Key upstream-secret-1
	}
	session_record
	session_replay {
		issue_to groups sec
		max_ttl 30m
	}
	reverse_proxy UPSTREAM
`

const keysAddress = "/.caddyrec/replay/keys"

// issued is a key as it is handed over.
type issued struct {
	Key, ID, State, Purpose, Client, Service string
	Sessions                                 []string
	Issued, Expires                          time.Time
}

func (r *rig) issue(body string, header ...string) (k issued) {
	r.Helper()
	a := r.do("POST", keysAddress, body, header...)
	if a.StatusCode != 201 || a.Header.Get("Cache-Control") != "no-store" {
		r.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	if err := json.Unmarshal([]byte(a.text), &k); err != nil {
		r.Fatal(err)
	}
	if a.Header.Get("Location") != keysAddress+"/"+k.ID || !strings.HasPrefix(k.Key, "crk1.") {
		r.Fatalf("got %s %s", a.Header.Get("Location"), a.text)
	}
	return k
}

// with asks what a key stands for.
func (r *rig) with(key string) answer {
	r.Helper()
	return r.do("GET", "/.caddyrec/replay/key", "", "Authorization", "Bearer "+key)
}

func TestAKeyIsIssuedUsedAndRevokedAndItsStoryIsOnRecord(t *testing.T) {
	r := start(t, replayChain)
	r.ready()
	sec, eng := r.as("ben", "sec"), r.as("ana", "eng")
	if a := r.do("GET", "/orders/1", "", eng...); a.StatusCode != 200 {
		t.Fatal(a.text)
	}
	session := r.records(func(rec *record.Record) bool { return rec.Session != nil && rec.Identity.Subject == "ana" })[0].Session.ID

	if a := r.do("POST", keysAddress, `{"sessions":["`+session+`"],"purpose":"x"}`, eng...); a.StatusCode != 403 || a.problem(t).Reason != "claim-groups" {
		t.Errorf("who may not have one gets %d %s", a.StatusCode, a.text)
	}
	if a := r.do("POST", keysAddress, `{"sessions":["`+session+`"],"purpose":"x"}`); a.StatusCode != 401 {
		t.Errorf("nobody gets %d", a.StatusCode)
	}
	k := r.issue(`{"filter":{"subject":"ana","from":"`+time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)+`"},"purpose":"case 7 of ana@example.com"}`, sec...)
	if len(k.Sessions) != 1 || k.Sessions[0] != session || k.Expires.Sub(k.Issued) != 10*time.Minute || k.State != "active" || k.Service != "test" || strings.Contains(k.Purpose, "ana@") {
		t.Errorf("issued %+v", k)
	}
	if a := r.with(k.Key); a.StatusCode != 200 || !strings.Contains(a.text, k.ID) || strings.Contains(a.text, "crk1") {
		t.Errorf("the key is for %d %s", a.StatusCode, a.text)
	}
	if a := r.do("GET", keysAddress+"/"+k.ID, "", sec...); a.StatusCode != 200 || strings.Contains(a.text, "crk1") {
		t.Errorf("what it is: %d %s", a.StatusCode, a.text)
	}
	if a := r.do("GET", keysAddress+"/"+k.ID, "", eng...); a.StatusCode != 404 {
		t.Errorf("a stranger is told %d %s", a.StatusCode, a.text)
	}
	if a := r.do("DELETE", keysAddress+"/"+k.ID, "", eng...); a.StatusCode != 404 || r.with(k.Key).StatusCode != 200 {
		t.Errorf("a stranger revokes it: %d %s", a.StatusCode, a.text)
	}
	// It is good for nothing else.
	bearer := []string{"Authorization", "Bearer " + k.Key}
	for name, a := range map[string]answer{
		"the upstream":     r.do("GET", "/orders/1", "", bearer...),
		"another key":      r.do("POST", keysAddress, `{"sessions":["x"],"purpose":"x"}`, bearer...),
		"its own end":      r.do("DELETE", keysAddress+"/"+k.ID, "", bearer...),
		"approvals":        r.do("GET", "/.caddyrec/approvals", "", bearer...),
		"another spelling": r.do("GET", "/x/../.caddyrec/replay/key", "", bearer...),
		"both":             r.do("GET", "/.caddyrec/replay/key", "", append(bearer, eng...)...),
		"a person's token": r.do("GET", "/.caddyrec/replay/key", "", sec...),
	} {
		if a.StatusCode != 401 && a.StatusCode != 400 && a.StatusCode != 404 {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.text)
		}
	}
	if n := len(r.upstream.requests()); n != 1 {
		t.Errorf("the upstream got %d requests", n)
	}
	if a := r.do("DELETE", keysAddress+"/"+k.ID+"?why=done", "", sec...); a.StatusCode != 204 {
		t.Errorf("revoking: %d %s", a.StatusCode, a.text)
	}
	if a := r.with(k.Key); a.StatusCode != 401 || a.problem(t).Reason != "key-revoked" || !strings.Contains(a.Header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("revoked: %d %s", a.StatusCode, a.text)
	}
	iss, used, rev := r.one(record.KeyIssued), r.records(ofType(record.KeyUsed)), r.one(record.KeyRevoked)
	if iss.Identity.Subject != "ben" || iss.Key.ID != k.ID || iss.Key.Purpose != k.Purpose || iss.Client == nil || len(used) != 2 || used[0].Key.ID != k.ID || rev.Identity.Subject != "ben" || rev.Key.Reason != "done" {
		t.Errorf("recorded %+v, %+v, %+v", iss.Key, used, rev.Key)
	}
	refused := r.records(ofType(record.KeyRefused))
	if last := refused[len(refused)-1]; last.Key.Reason != "revoked" || last.Key.ID != k.ID || last.Client.IP != "127.0.0.1" {
		t.Errorf("recorded %+v", last.Key)
	}
}

func TestAKeySurvivesAReloadAndARestart(t *testing.T) {
	r := start(t, replayChain)
	r.ready()
	k := r.issue(`{"sessions":["s_1"],"purpose":"x","lifetime":"30m"}`, r.as("ben", "sec")...)
	r.load(strings.Replace(replayChain, "max_ttl 30m", "max_ttl 20m", 1))
	if a := r.with(k.Key); a.StatusCode != 200 {
		t.Errorf("after a reload: %d %s", a.StatusCode, a.text)
	}
	r.ready()
	if a := r.do("POST", keysAddress, `{"sessions":["s_1"],"purpose":"x","lifetime":"30m"}`, r.as("ben", "sec")...); a.StatusCode != 400 {
		t.Errorf("what the new configuration does not allow: %d %s", a.StatusCode, a.text)
	}
	stopCaddy(t)
	r.load(replayChain)
	if a := r.with(k.Key); a.StatusCode != 200 {
		t.Errorf("after a restart: %d %s", a.StatusCode, a.text)
	}
}

func TestWhoAsksForAKeyIsToldWhyTheLogIsNotSearched(t *testing.T) {
	r := start(t, replayChain)
	r.ready()
	sec := r.as("ben", "sec")
	file := filepath.Join(r.dir, r.dirName, "ledger", "test", "checkpoint")
	for { // the gateway writes it anew
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err := os.Mkdir(file, 0o700); err == nil {
			break
		} else if !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	a := r.do("POST", keysAddress, `{"filter":{"subject":"ana","from":"2026-01-01T00:00:00Z"},"purpose":"x"}`, sec...)
	if a.StatusCode != 503 || a.Header.Get("Retry-After") == "" || strings.Contains(a.text, "too long") || !strings.Contains(a.text, "could not be searched") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	r.logged("searching the log for what a key is for")
	if err := os.Remove(file); err != nil {
		t.Error(err)
	}
}

func TestWhatIsAskedForAKeyIsReadStrictly(t *testing.T) {
	r := start(t, replayChain)
	r.ready()
	sec := r.as("ben", "sec")
	for name, body := range map[string]string{
		"nothing":          ``,
		"no object":        `[]`,
		"a field twice":    `{"sessions":["a"],"purpose":"x","purpose":"y"}`,
		"another case":     `{"sessions":["a"],"Purpose":"x"}`,
		"another field":    `{"sessions":["a"],"purpose":"x","admin":true}`,
		"no purpose":       `{"sessions":["a"]}`,
		"no session":       `{"purpose":"x"}`,
		"both":             `{"sessions":["a"],"filter":{"subject":"a","from":"2026-01-01T00:00:00Z"},"purpose":"x"}`,
		"a path":           `{"sessions":["../a"],"purpose":"x"}`,
		"no time":          `{"filter":{"subject":"a"},"purpose":"x"}`,
		"for ever":         `{"sessions":["a"],"purpose":"x","lifetime":"31m"}`,
		"a negative life":  `{"sessions":["a"],"purpose":"x","lifetime":"-1m"}`,
		"a client twice":   `{"sessions":["a"],"purpose":"x","client":{"ip":"self","jkt":"x"}}`,
		"nobody's filter":  `{"filter":{"subject":"nobody","from":"2026-01-01T00:00:00Z"},"purpose":"x"}`,
		"something behind": `{"sessions":["a"],"purpose":"x"} {}`,
	} {
		if a := r.do("POST", keysAddress, body, sec...); a.StatusCode != 400 && a.StatusCode != 422 || strings.Contains(a.text, "crk1") {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.text)
		}
	}
	if a := r.do("POST", keysAddress, `{"sessions":["a"],"purpose":"x"}`, append([]string{"Content-Type", "text/plain"}, sec...)...); a.StatusCode != 400 {
		t.Errorf("a form: %d %s", a.StatusCode, a.text)
	}
	if n := len(r.records(ofType(record.KeyIssued))); n != 0 {
		t.Errorf("%d keys were issued", n)
	}
	k := r.issue(`{"sessions":["a"],"purpose":"x","client":{"ip":"self"}}`, sec...)
	if k.Client != "ip:127.0.0.1" || r.with(k.Key).StatusCode != 200 {
		t.Errorf("bound to %q", k.Client)
	}
	if k := r.issue(`{"sessions":["a"],"purpose":"x","client":{"ip":"192.0.2.1"}}`, sec...); r.with(k.Key).StatusCode != 403 {
		t.Error("another client's key is accepted")
	}
}

func TestAKeyIsInNoFileOfTheGateway(t *testing.T) {
	r := start(t, replayChain)
	r.ready()
	sec := r.as("ben", "sec")
	k := r.issue(`{"sessions":["s_1"],"purpose":"x"}`, sec...)
	parts := strings.Split(k.Key, ".")
	r.with(k.Key)
	r.with(k.Key[:len(k.Key)-4])
	for _, path := range []string{
		"/.caddyrec/replay/key?key=" + k.Key,
		"/.caddyrec/replay/" + k.Key,
		"/.caddyrec/replay/sessions/" + k.Key + "/frames",
		"/.caddyrec/replay/key?k=" + strings.ReplaceAll(k.Key, "crk1.", "%63rk1%2E"),
		"/.caddyrec/replay/key?k=" + strings.ReplaceAll(k.Key, "crk1.", "%2563rk1%252e"),
		"/.caddyrec/replay/key?k=" + strings.ReplaceAll(k.Key, ".", "%2E") + "&discount=5%",
	} {
		if a := r.do("GET", path, "", "Authorization", "Bearer "+k.Key); a.StatusCode != 400 || a.problem(t).Reason != "key-misplaced" {
			t.Errorf("%s: %d %s", path[:40], a.StatusCode, a.text)
		}
		for _, a := range []answer{r.do("GET", path, "", sec...), r.do("GET", path, "")} {
			if a.StatusCode != 400 {
				t.Errorf("%s: %d %s", path[:40], a.StatusCode, a.text)
			}
		}
	}
	r.do("GET", "/.caddyrec/replay/key", "", "Authorization", "DPoP "+k.Key, "DPoP", k.Key)
	r.do("GET", "/orders", "", "Authorization", "Bearer "+k.Key)
	r.do("POST", "/orders", `{"note":"`+k.Key+`"}`, r.as("ana", "eng")...)
	stopCaddy(t)
	if len(r.records(func(rec *record.Record) bool { return rec.Key != nil && rec.Key.Reason == "misplaced" })) < 15 {
		t.Error("that it stood in an address is not on record")
	}
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, part := range parts[2:] {
			if bytes.Contains(text, []byte(part[len(part)/2:])) {
				i := bytes.Index(text, []byte(part[len(part)/2:]))
				t.Errorf("%s holds a part of the key: …%s…", path, text[max(0, i-300):min(len(text), i+100)])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAKeyBoundToADPoPKeyNeedsAProofOfEachRequest(t *testing.T) {
	r := start(t, replayChain)
	r.ready()
	mine := replaytest.NewProofKey(t)
	k := r.issue(`{"sessions":["s_1"],"purpose":"x","client":{"jkt":"`+mine.Thumbprint(t)+`"}}`, r.as("ben", "sec")...)
	sum := sha256.Sum256([]byte(k.Key))
	proof := func(path string) string {
		return mine.Prove(t, "dpop+jwt", map[string]any{"jti": rand.Text(), "htm": "GET", "htu": r.url + path, "iat": time.Now().Unix(), "ath": base64.RawURLEncoding.EncodeToString(sum[:])})
	}
	const path = "/.caddyrec/replay/key"
	once := proof(path)
	for _, c := range []struct {
		name   string
		header []string
		status int
	}{
		{"with a proof", []string{"Authorization", "DPoP " + k.Key, "DPoP", once}, 200},
		{"with the same proof again", []string{"Authorization", "DPoP " + k.Key, "DPoP", once}, 401},
		{"with a proof of another address", []string{"Authorization", "DPoP " + k.Key, "DPoP", proof(path + "s")}, 401},
		{"without a proof", []string{"Authorization", "DPoP " + k.Key}, 401},
		{"as a bearer", []string{"Authorization", "Bearer " + k.Key, "DPoP", proof(path)}, 401},
	} {
		if a := r.do("GET", path, "", c.header...); a.StatusCode != c.status || c.status == 401 && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "DPoP ") {
			t.Errorf("%s: %d %s %s", c.name, a.StatusCode, a.Header.Get("WWW-Authenticate"), a.text)
		}
	}
}

// Of several handles a request takes the first that matches, and so does one
// with a key.
