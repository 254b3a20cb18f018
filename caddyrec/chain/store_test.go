package chain_test

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
	"github.com/caddyrec/caddyrec/storage/local"
	"github.com/caddyrec/caddyrec/storage/spool"
)

func gcsStore(server *gcstest.Server, more string) string {
	return "store gcs " + gcstest.Bucket + " {\n prefix prod\n endpoint " + server.URL + "\n spool DIR/RECORDS 1GiB\n" + more + "\n}"
}

func TestWithABucketTheChainRecordsApprovesAndSealsIntoIt(t *testing.T) {
	server := gcstest.Start(t)
	r := startWith(t, gcsStore(server, "retention locked 400d"), fullChain)
	r.ready()
	if a := r.do("POST", "/orders", `{"amount":10}`, r.as("ana", "eng")...); a.StatusCode != 200 {
		t.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	// Approvals are the bucket's at once, whatever waits.
	server.Fail(func(c gcstest.Call) gcstest.Fault {
		if strings.HasPrefix(c.Name, "prod/ledger/") && c.Op == "insert" {
			return 503
		}
		return gcstest.None
	})
	if a := r.do("POST", "/orders", `{"amount":5000}`, r.as("ana", "eng")...); a.StatusCode != 202 {
		t.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	asked := false
	for _, name := range server.Names() {
		asked = asked || strings.HasPrefix(name, "prod/approvals/") && strings.HasSuffix(name, "/request.json")
	}
	if !asked {
		t.Errorf("the bucket has %q when the client is told to wait", server.Names())
	}
	// The next start seals what the last left open.
	stopCaddy(t)
	r.load(fullChain)
	server.Fail(nil)
	name := server.Await(t, "prod/ledger/test/sealed/")
	o, _ := server.Object(name)
	if o.Mode != "Locked" || time.Until(o.RetainUntil) < 399*24*time.Hour {
		t.Errorf("the sealed segment is retained %q until %v", o.Mode, o.RetainUntil)
	}
	server.Await(t, "prod/ledger/test/checkpoints/")
	server.Await(t, "prod/ledger/test/tile/0/")
	for _, name := range server.Names() {
		if strings.Contains(name, "key") && name != "prod/ledger/test/public.key" {
			t.Errorf("%s is in the bucket", name)
		}
	}
	if _, err := os.Stat(filepath.Join(r.dir, r.dirName, "keys", "test.signing.key")); err != nil {
		t.Error(err)
	}
}

func TestWithTheBucketAwayRecordingGoesOnAndStopsInGoodOrder(t *testing.T) {
	server := gcstest.Start(t)
	r := startWith(t, gcsStore(server, ""), "session_record\nreverse_proxy UPSTREAM")
	if a := r.do("POST", "/", `{"a":1}`); a.StatusCode != 200 {
		t.Fatalf("got %d", a.StatusCode)
	}
	server.Fail(func(gcstest.Call) gcstest.Fault { return 503 })
	for range 5 {
		if a := r.do("POST", "/", `{"a":1}`); a.StatusCode != 200 {
			t.Fatalf("got %d %s", a.StatusCode, a.text)
		}
	}
	stopCaddy(t)
	server.Fail(nil)
	r.load("session_record\nreverse_proxy UPSTREAM")
	if a := r.do("POST", "/", `{"a":1}`); a.StatusCode != 200 {
		t.Fatalf("after the restart: %d %s", a.StatusCode, a.text)
	}
	server.Await(t, "prod/ledger/test/sealed/")
}

func TestASecondMachineDoesNotWriteTheSameLogIntoABucket(t *testing.T) {
	server := gcstest.Start(t)
	site := "session_record\nreverse_proxy UPSTREAM"
	r := startWith(t, gcsStore(server, ""), site)
	stopCaddy(t)
	r.load(site) // the same machine may
	stopCaddy(t)
	r.dirName = "another-machine"
	if err := r.tryLoad(site); err == nil || !strings.Contains(err.Error(), "a log name of its own") {
		t.Errorf("got %v", err)
	}
}

// thirdParty is a store as somebody else would add it: a folder here, and no
// room when the test says so.
type thirdParty struct {
	Folder string `json:"folder,omitempty"`
}

func init() { caddy.RegisterModule(thirdParty{}) }

func (thirdParty) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddyrec.stores.third_party", New: func() caddy.Module { return new(thirdParty) }}
}

func (s *thirdParty) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if !d.AllArgs(&s.Folder) {
		return d.ArgErr()
	}
	return nil
}

func (s *thirdParty) Key() string { return "third party:" + s.Folder }

func (s *thirdParty) Open(log *slog.Logger) (storage.Store, string, error) {
	log.Info("a third party's store was opened")
	folder, err := local.Open(s.Folder)
	return limitedFolder{folder}, s.Folder, err
}

var noRoom atomic.Bool

type limitedFolder struct{ *local.Store }

func (limitedFolder) Full() error {
	if noRoom.Load() {
		return spool.ErrFull
	}
	return nil
}

func TestAStoreWithoutRoomRefusesWhatBeginsAndLetsEndWhatHasBegun(t *testing.T) {
	noRoom.Store(false)
	r := startWith(t, "store third_party DIR/RECORDS", "session_record\nreverse_proxy UPSTREAM")
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		noRoom.Store(true) // while the request is at the upstream
		w.Write([]byte("done"))
	}
	if a := r.do("POST", "/", `{"a":1}`); a.StatusCode != 200 || a.text != "done" {
		t.Errorf("the request under way got %d %s", a.StatusCode, a.text)
	}
	r.one(record.ExchangeType)
	before := len(r.upstream.requests())
	for _, method := range []string{"POST", "GET"} {
		if a := r.do(method, "/", ""); a.StatusCode != 503 || a.problem(t).Reason != "ledger-full" {
			t.Errorf("%s got %d %s", method, a.StatusCode, a.text)
		}
	}
	if n := len(r.records(ofType(record.Intent))); n != 1 {
		t.Errorf("%d intents", n)
	}
	for _, seen := range r.upstream.requests()[before:] {
		if seen.method != "GET" {
			t.Errorf("%s reached the upstream", seen.method)
		}
	}
	noRoom.Store(false)
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("done")) }
	if a := r.do("POST", "/", ""); a.StatusCode != 200 {
		t.Errorf("with room again: %d %s", a.StatusCode, a.text)
	}
}

func TestAStoreIsToldWhereToLog(t *testing.T) {
	r := startWith(t, "store third_party DIR/RECORDS", "session_record\nreverse_proxy UPSTREAM")
	text, err := os.ReadFile(filepath.Join(r.dir, r.logName))
	if err != nil || !strings.Contains(string(text), `"caddyrec.store"`) {
		t.Errorf("%v: %s", err, text)
	}
}

func TestAReloadWithOtherSettingsOfTheStoreIsToldToNeedARestart(t *testing.T) {
	server := gcstest.Start(t)
	site := "session_record\nreverse_proxy UPSTREAM"
	r := startWith(t, gcsStore(server, ""), site)
	const says = "take effect when Caddy is restarted"
	told := func() bool {
		text, err := os.ReadFile(filepath.Join(r.dir, r.logName))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(text), says)
	}
	r.load(site + "\n")
	if told() {
		t.Error("the same settings were called other ones")
	}
	r.store = gcsStore(server, "on_full alarm")
	r.load(site)
	if !told() {
		t.Error("nobody was told")
	}
	if a := r.do("POST", "/", ""); a.StatusCode != 200 {
		t.Errorf("after the reload: %d", a.StatusCode)
	}
}
