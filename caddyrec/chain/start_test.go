package chain_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/caddyrec/demo"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

func TestABadConfigurationSaysWhatIsWrongAndWithWhat(t *testing.T) {
	r := start(t, "respond ok")
	if err := os.WriteFile(filepath.Join(r.dir, "broken.json"), []byte(`{"type":`), 0o600); err != nil {
		t.Fatal(err)
	}
	const auth = "oidc_auth {\nissuer ISSUER\naudience a\n"
	for site, wants := range map[string][]string{
		auth + "upstream_credential X-Key {env.CADDYREC_TEST_NOT_SET}\n}":                               {"CADDYREC_TEST_NOT_SET", "oidc_auth: upstream_credential X-Key"},
		auth + "upstream_credential X-Key {file.DIR/not-there}\n}":                                      {"not-there", "X-Key"},
		auth + "upstream_credential \"X Key\" v\n}":                                                     {"X Key"},
		auth + "token_profile refresh\n}":                                                               {"refresh"},
		auth + "algorithms HS256\n}":                                                                    {"HS256"},
		auth + "nonsense\n}":                                                                            {"nonsense", "Caddyfile:"},
		"oidc_auth {\naudience a\n}":                                                                    {"issuer is missing", "Caddyfile:"},
		"oidc_auth {\nissuer http://id.example.com\naudience a\n}":                                      {"http://id.example.com", "https"},
		"json_schema_guard {\nrequest DIR/not-there.json\n}":                                            {"not-there.json"},
		"json_schema_guard {\nrequest DIR/broken.json\n}":                                               {"broken.json"},
		"json_schema_guard {\nrequest DIR/order.json\nmode maybe\n}":                                    {"maybe", "enforce"},
		"json_schema_guard {\nresponse 20 DIR/order.json\n}":                                            {"20", "Caddyfile:"},
		"json_schema_guard":                                                                             {"no schema"},
		"session_record {\nmax_body much\n}":                                                            {"much", "Caddyfile:"},
		"session_record {\nintent sometimes\n}":                                                         {"sometimes", "session_record: intent"},
		"jit_approval":                                                                                  {"approvers is missing", "Caddyfile:"},
		"jit_approval {\napprovers groups sec, audit\n}":                                                {`"sec," ends in a comma`, "Caddyfile:"},
		"jit_approval {\napprovers id ben ben\nneed 2\n}":                                               {"need 2", "approvers id names 1", "name more"},
		"oidc_auth {\nissuer https://id.example.com\naudience a, b\n}":                                  {`"a," ends in a comma`, "Caddyfile:"},
		"jit_approval {\napprovers groups sec\nneed none\n}":                                            {"none", "Caddyfile:"},
		"jit_approval {\napprovers groups sec\nwait forever\n}":                                         {"forever", "Caddyfile:"},
		"route {\nreverse_proxy UPSTREAM\nsession_record\n}":                                            {"session_record stands behind reverse_proxy", "put it before"},
		"session_record\nhandle /orders {\njson_schema_guard {\nrequest DIR/order.json\n}\n}":           {"json_schema_guard stands behind session_record", "same block"},
		"session_record /orders*\nhandle /orders* {\njson_schema_guard {\nrequest DIR/order.json\n}\n}": {"json_schema_guard stands behind session_record"},
		"@a json amount ~ 3\nrespond @a x":                                                              {"~", "Caddyfile:"},
		"@a json amount > much\nrespond @a x":                                                           {"much", "Caddyfile:"},
	} {
		err := r.tryLoad(site)
		if err == nil {
			t.Errorf("%.60q was loaded", site)
			continue
		}
		for _, want := range wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%.60q: the error does not say %q: %v", site, want, err)
			}
		}
	}
	if a := r.do("GET", "/", ""); a.text != "ok" {
		t.Errorf("the configuration before no longer serves: %d %s", a.StatusCode, a.text)
	}
}

func TestAFolderThatIsNotOursIsRefused(t *testing.T) {
	r := start(t, "respond ok")
	theirs := filepath.Join(r.dir, "theirs")
	if err := os.MkdirAll(theirs, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(theirs, "payroll.db"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.dirName = "theirs"
	if err := r.tryLoad("session_record\nrespond ok"); err == nil || !strings.Contains(err.Error(), "theirs") {
		t.Errorf("got %v", err)
	}
	if a := r.do("GET", "/", ""); a.text != "ok" {
		t.Error("the configuration before no longer serves")
	}
}

func TestTheGatewayStartsWithTheIssuerDownAndRecoversByItself(t *testing.T) {
	away, err := demo.StartIssuer()
	if err != nil {
		t.Fatal(err)
	}
	token, err := away.Token("ana", time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(away.URL, "http://")
	if err := away.Close(); err != nil {
		t.Fatal(err)
	}
	r := start(t, "oidc_auth {\nissuer "+away.URL+"\naudience orders-api\n}\nrespond ok")
	a := r.do("GET", "/", "", "Authorization", "Bearer "+token)
	if a.StatusCode != 503 || a.Header.Get("Retry-After") == "" || a.problem(t).Reason != "issuer-unavailable" {
		t.Fatalf("got %d %v %s", a.StatusCode, a.Header, a.text)
	}
	if err := away.Serve(address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { away.Close() })
	for deadline := time.Now().Add(20 * time.Second); a.StatusCode != 200; a = r.do("GET", "/", "", "Authorization", "Bearer "+token) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not recover: %d %s", a.StatusCode, a.text)
		}
	}
}

// underLoad does something while four clients send, each request after the one
// before.
func underLoad(send, do func()) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					send()
				}
			}
		})
	}
	do()
	close(stop)
	wg.Wait()
}

func TestReloadsUnderLoadLoseNothing(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	ana := r.as("ana", "eng")
	var answered atomic.Int64
	underLoad(func() {
		a, err := r.try("POST", "/orders", `{"amount":1}`, ana...)
		switch {
		case err != nil: // Caddy closes idle connections; a POST is not sent twice
		case a.StatusCode == http.StatusOK:
			answered.Add(1)
		default:
			t.Errorf("got %d %s", a.StatusCode, a.text)
		}
	}, func() {
		for i := range 10 {
			r.load(strings.Replace(fullChain, "wait 50ms", "wait 5"+string(rune('0'+i))+"ms", 1))
		}
	})
	if n := len(r.records(ofType(record.ExchangeType))); int64(n) < answered.Load() || answered.Load() == 0 {
		t.Errorf("%d answers, %d exchanges recorded", answered.Load(), n)
	}
	if n := len(r.records(ofType(record.GatewayStarted))); n != 1 {
		t.Errorf("the log was opened %d times", n)
	}
	seq := uint64(0)
	r.records(func(rec *record.Record) bool {
		if rec.Seq != seq {
			t.Errorf("record %d stands where %d should", rec.Seq, seq)
		}
		seq++
		return false
	})
}

func TestALedgerThatComesBackAfterARestartGoesOn(t *testing.T) {
	r := start(t, "session_record\nrespond ok")
	r.do("POST", "/", "{}")
	r.load("session_record\nrespond ok2")
	stopCaddy(t)
	r.load("session_record\nrespond ok")
	r.do("POST", "/", "{}")
	if n := len(r.records(ofType(record.ExchangeType))); n != 2 {
		t.Errorf("%d exchanges", n)
	}
	if a, b := len(r.records(ofType(record.GatewayStarted))), len(r.records(ofType(record.GatewayStopped))); a != 2 || b != 1 {
		t.Errorf("%d starts, %d stops", a, b)
	}
}

func TestCheckpointsGoToTheLoggerOfTheConfigurationInForce(t *testing.T) {
	r := start(t, "session_record\nrespond one")
	r.logName = "second.log"
	r.load("session_record\nrespond two")
	r.do("POST", "/", "{}")
	r.logged(`"logger":"caddyrec.checkpoint"`, "caddyrec/test")
}

func TestAConfigurationThatDoesNotStartTakesNoLogLines(t *testing.T) {
	r := start(t, "session_record\nrespond one")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	r.logName = "refused.log"
	// The http app cannot listen there, so this one never comes into force.
	if err := r.tryLoad("session_record\nrespond two\n}\nhttp://" + taken.Addr().String() + " {\nrespond x"); err == nil {
		t.Fatal("it was loaded")
	}
	// A connection may still have come to a server of that one, which ended.
	for _, err := r.try("POST", "/", "{}"); err != nil; _, err = r.try("POST", "/", "{}") {
		t.Log(err)
	}
	r.logName = "caddy.log"
	r.logged(`"logger":"caddyrec.checkpoint"`)
}

func TestANewSigningKeyIsTakenUpAtAReloadAndAtAStart(t *testing.T) {
	r := start(t, "session_record\nrespond one")
	r.do("POST", "/", "{}")
	dir := filepath.Join(r.dir, r.dirName)
	fsys := os.DirFS(filepath.Join(dir, "ledger", "test"))
	for n, takeUp := range []func(){
		func() { r.load("session_record\nrespond two") },
		func() { stopCaddy(t); r.load("session_record\nrespond one") },
	} {
		public, err := ledger.NewSigningKey(filepath.Join(dir, "keys"), "test")
		if err != nil {
			t.Fatal(err)
		}
		takeUp()
		if a := r.do("POST", "/", "{}"); a.StatusCode != http.StatusOK {
			t.Errorf("got %d %s", a.StatusCode, a.text)
		}
		report, err := ledger.Verify(t.Context(), fsys, ledger.VerifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Problems) > 0 || len(report.Keys) != n+2 || report.Keys[n+1].Public != public {
			t.Errorf("after change %d: %+v", n+1, report)
		}
	}
	// The old secret keys are gone, and the list of public ones is what verifies.
	list, err := os.ReadFile(filepath.Join(dir, "keys", "test.public"))
	if err != nil || strings.Count(string(list), "caddyrec/test+") != 3 {
		t.Errorf("public keys: %s, %v", list, err)
	}
	stopCaddy(t)
	report, err := ledger.Verify(t.Context(), fsys, ledger.VerifyOptions{Key: string(list)})
	if err != nil || len(report.Problems) > 0 || report.Signed != uint64(report.Records) {
		t.Errorf("%+v, %v", report, err)
	}
}
