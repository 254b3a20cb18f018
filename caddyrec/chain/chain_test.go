// Package chain_test runs the whole chain in a Caddy of its own, with every
// module, on real sockets.
package chain_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/santhosh-tekuri/jsonschema/v5"

	_ "github.com/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/caddyrec/demo"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// rig is Caddy with a configuration, in this process, with an issuer and an
// upstream on real sockets.
type rig struct {
	testing.TB
	dir, url string
	host     string // the Host header, if not the url's
	dirName  string // of the records, below dir
	logName  string // of Caddy's log, below dir
	logForm  string // of Caddy's log; Caddy's own, if not set
	store    string // of the records; not the local one, if set
	issuer   *demo.Issuer
	upstream *upstream
}

// upstream keeps what reached it, and answers as told.
type upstream struct {
	*httptest.Server
	mu     sync.Mutex
	got    []got
	answer http.HandlerFunc
}

type got struct {
	method, uri, body string
	header            http.Header
}

func (u *upstream) requests() []got {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]got(nil), u.got...)
}

func newUpstream(t testing.TB) *upstream {
	u := &upstream{answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"ok":true}`)
	}}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		u.mu.Lock()
		u.got = append(u.got, got{r.Method, r.RequestURI, string(body), r.Header.Clone()})
		answer := u.answer
		u.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(u.Close)
	return u
}

// start runs a site with these directives. GATEWAY, ISSUER, UPSTREAM and DIR
// are filled in.
func start(t testing.TB, site string) *rig {
	t.Helper()
	return startWith(t, "", site)
}

// startWith is start with a store other than the local one.
func startWith(t testing.TB, store, site string) *rig {
	t.Helper()
	r := &rig{TB: t, store: store, dir: t.TempDir(), dirName: "records", logName: "caddy.log", upstream: newUpstream(t)}
	var err error
	if r.issuer, err = demo.StartIssuer(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.issuer.Close() })
	r.url = freeURL(t)
	for name, text := range map[string]string{"order.json": orderSchema, "answer.json": answerSchema} {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { stopCaddy(t) })
	r.load(site)
	return r
}

const orderSchema = `{"$id":"https://x/order","x-version":"3","type":"object","properties":{"amount":{"type":"number"},"code":{"type":"string","x-sensitive":true},"note":{"type":"string"}},"required":["amount"],"additionalProperties":false}`

const answerSchema = `{"type":"object","properties":{"ok":{"type":"boolean"},"pin_hint":{"writeOnly":true}},"required":["ok"]}`

func freeURL(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func stopCaddy(t testing.TB) {
	t.Helper()
	if err := caddy.Stop(); err != nil {
		t.Error(err)
	}
}

// load loads a configuration, as a reload does.
func (r *rig) load(site string) {
	r.Helper()
	if err := r.tryLoad(site); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) tryLoad(site string) error {
	text := `{
	admin off
	auto_https off
	log {
		output watched DIR/LOGNAME
		level LEVEL
		` + r.logForm + `
	}
	caddyrec {
		` + cmp.Or(r.store, "store local DIR/RECORDS") + `
		log test
	}
}
GATEWAY {
` + logDirective(r.TB) + `
` + site + "\n}\n"
	fill := strings.NewReplacer("GATEWAY", r.url, "ISSUER", r.issuer.URL, "UPSTREAM", strings.TrimPrefix(r.upstream.URL, "http://"), "DIR", r.dir, "RECORDS", r.dirName, "LOGNAME", r.logName, "LEVEL", logLevel(r.TB))
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(fill.Replace(text)), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return err
	}
	err = caddy.Load(config, true)
	// Caddy closes the old servers' idle connections; a POST on one is lost.
	http.DefaultClient.CloseIdleConnections()
	return err
}

func logLevel(t testing.TB) string {
	if _, bench := t.(*testing.B); bench {
		return "ERROR"
	}
	return "DEBUG"
}

// logDirective turns the access log on in tests, where it is one more place to
// leak into.
func logDirective(t testing.TB) string {
	if _, bench := t.(*testing.B); bench {
		return ""
	}
	return "log"
}

// ready waits until the gateway has the issuer's keys.
func (r *rig) ready() {
	r.Helper()
	r.readyAt("/.caddyrec/ready")
}

func (r *rig) readyAt(path string) {
	r.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for r.do("GET", path, "", r.as("probe", "eng", "sec")...).StatusCode == http.StatusServiceUnavailable {
		if time.Now().After(deadline) {
			r.Fatal("the gateway did not get the issuer's keys")
		}
	}
}

var recordSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	if err := c.AddResource("record", bytes.NewReader(record.Schema)); err != nil {
		return nil, err
	}
	return c.Compile("record")
})

// records reads the ledger; each record must meet the published schema.
func (r *rig) records(want func(*record.Record) bool) (found []*record.Record) {
	r.Helper()
	s, err := recordSchema()
	if err != nil {
		r.Fatal(err)
	}
	err = ledger.Walk(os.DirFS(filepath.Join(r.dir, r.dirName, "ledger", "test")), 0, func(line ledger.Line) error {
		var v any
		d := json.NewDecoder(bytes.NewReader(line.Raw))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			return err
		}
		if err := s.Validate(v); err != nil {
			r.Errorf("record %s does not meet the schema: %#v", line.Raw, err)
		}
		rec, err := record.Parse(line.Raw)
		if err != nil {
			return err
		}
		if want(rec) {
			found = append(found, rec)
		}
		return nil
	})
	if err != nil {
		r.Fatal(err)
	}
	return found
}

func ofType(t record.Type) func(*record.Record) bool {
	return func(r *record.Record) bool { return r.Type == t }
}

// one returns the only record of a type.
func (r *rig) one(t record.Type) *record.Record {
	r.Helper()
	all := r.records(ofType(t))
	if len(all) != 1 {
		r.Fatalf("%d records of type %s", len(all), t)
	}
	return all[0]
}
