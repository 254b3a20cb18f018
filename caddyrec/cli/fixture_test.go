package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage/local"
)

// beCaddy makes the test's own program be caddy, so that exit codes and output
// are those of a process.
const beCaddy = "CADDYREC_TEST_BE_CADDY"

func TestMain(m *testing.M) {
	if os.Getenv(beCaddy) != "" {
		caddycmd.Main()
		return
	}
	os.Exit(m.Run())
}

var began = time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)

// Ids of the exchanges in the sample log.
const (
	exchangeA = "019aa7a0-0000-7000-8000-00000000000a"
	exchangeB = "019aa7a0-0000-7000-8000-00000000000b"
	exchangeC = "019aa7a0-0000-7000-8000-00000000000c"
	approvalC = "019aa7a0-0000-7000-8000-0000000000cc"
)

// world is a store with a log in it.
type world struct {
	t     *testing.T
	store string
	keys  *ledger.Keys
	log   *ledger.Log
	next  int

	immutable bool // what is stored from the next open on
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, store: filepath.Join(t.TempDir(), "store")}
	w.open()
	return w
}

func (w *world) open() {
	w.t.Helper()
	store, err := local.Open(w.store)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { store.Close() })
	if w.immutable {
		mustNot(w.t, store.Protect())
	}
	if w.keys, err = ledger.LoadKeys(filepath.Join(w.store, "keys"), "main"); err != nil {
		w.t.Fatal(err)
	}
	log, err := ledger.Open(ledger.Options{Dir: w.dir(), Log: "main", Store: store, Keys: w.keys})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { log.Close() })
	w.log = log
}

func (w *world) dir() string { return filepath.Join(w.store, "ledger", "main") }

func (w *world) close() {
	w.t.Helper()
	if err := w.log.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// seal seals what the log has, which must be closed and stays so.
func (w *world) seal() {
	w.t.Helper()
	outer := w.t
	defer func() { w.t = outer }()
	synctest.Test(outer, func(t *testing.T) {
		w.t = t
		w.open()
		synctest.Wait() // until the log has nothing left to do
		w.close()
	})
}

// sealed are the files of sealed segments, of which there must be n.
func (w *world) sealed(n int) []string {
	w.t.Helper()
	names, err := filepath.Glob(filepath.Join(w.dir(), "sealed", "*", "*", "*.gz"))
	mustNot(w.t, err)
	if len(names) != n {
		w.t.Fatalf("sealed are %q, want %d", names, n)
	}
	return names
}

// letGo takes the flag off all that is stored and immutable.
func (w *world) letGo() {
	store, err := local.Open(w.store)
	mustNot(w.t, err)
	defer store.Close()
	for name, err := range store.List(context.Background(), "") {
		mustNot(w.t, err)
		mustNot(w.t, store.Delete(context.Background(), name))
	}
}

func (w *world) source() *source {
	w.t.Helper()
	src, err := locate(w.store, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return src
}

// commit writes a record, each a minute after the one before.
func (w *world) commit(typ record.Type, fill func(*record.Record)) {
	w.t.Helper()
	r := record.New(typ)
	r.ID = "019aa7a0-0000-7000-8000-0000000001" + hex2(w.next)
	r.Time = record.Time{Time: began.Add(time.Duration(w.next) * time.Minute)}
	w.next++
	if fill != nil {
		fill(r)
	}
	if _, err := w.log.Commit(context.Background(), r.AppendFields(nil)); err != nil {
		w.t.Fatal(err)
	}
}

func hex2(n int) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[n>>4&15], digits[n&15]})
}

var (
	ana = &record.Identity{Issuer: "https://id.example", Subject: "ana", Groups: []string{"eng", "ops"}}
	eve = &record.Identity{Issuer: "https://id.example", Subject: "eve"}
)

func asked(exchange, method, url string) func(*record.Record) {
	return func(r *record.Record) {
		r.Exchange, r.Identity = exchange, ana
		r.Session = &record.Session{ID: "s_1", Key: "sid", IssuedAt: began.Unix()}
		r.Client = &record.Client{IP: "192.0.2.7", PeerIP: "10.0.0.1", UserAgent: "curl/8"}
		r.Request = &record.Request{Method: method, URL: url, Proto: "HTTP/2.0"}
	}
}

// sample writes one record of each kind that matters.
func (w *world) sample() {
	started := func(r *record.Record) { r.Gateway = &record.Gateway{Version: "v0.1.0"} }
	content := `{"item":"x","card":{"number":"[masked]"},"note":"[masked]"}`
	w.commit(record.GatewayStarted, started)
	w.commit(record.Intent, asked(exchangeA, "POST", "https://orders.example/orders?dry=1"))
	w.commit(record.ExchangeType, func(r *record.Record) {
		asked(exchangeA, "POST", "https://orders.example/orders?dry=1")(r)
		r.Request.Headers = map[string]string{"content-type": "application/json"}
		r.Request.Body = &record.Body{Content: &content, Type: "application/json", Size: 77, Digest: "hmac-sha256:0a0b0c0d:AAAA"}
		r.Response = &record.Response{Status: 201, Body: &record.Body{Type: "text/plain", Size: 5, Omitted: "not-json"}, Upstream: "10.0.0.7:8080"}
		r.Schema = &record.Schemas{Request: &record.Verdict{ID: "orders", Version: "3", Verdict: "valid", Mode: "enforce"}}
		r.Masked = []record.Masked{{Part: "request", Pointer: "/card/number", Rule: "key:card", Action: "mask", Count: 1}, {Part: "url", Pointer: "token", Rule: "key:token", Action: "mask", Count: 2}}
		r.Timing = &record.Timing{Upstream: 1234, Total: 5678}
	})
	w.commit(record.Denied, func(r *record.Record) {
		asked("019aa7a0-0000-7000-8000-00000000000d", "GET", "https://orders.example/orders")(r)
		r.Identity, r.Session = nil, nil
		r.Denial = &record.Denial{By: "oidc_auth", Status: 401, Reason: "token-expired", Unverified: &record.Identity{Subject: "mallory"}}
	})
	w.commit(record.Intent, asked(exchangeB, "DELETE", "https://orders.example/orders/7"))
	w.commit(record.GatewayStarted, started)
	w.commit(record.Intent, asked(exchangeC, "POST", "https://orders.example/refunds"))
	w.commit(record.ApprovalRequested, func(r *record.Record) {
		r.Exchange = exchangeC
		r.Approval = &record.Approval{ID: approvalC, State: "pending", Requester: ana}
	})
	w.commit(record.ApprovalVoted, func(r *record.Record) {
		r.Exchange = exchangeC
		r.Approval = &record.Approval{ID: approvalC, State: "pending", Requester: ana, Voter: eve, Decision: "approve", Reason: "ticket 4711"}
	})
}

// screen is a console whose output can be looked at.
type screen struct {
	*console
	stdout, stderr *bytes.Buffer
}

func newScreen() screen {
	s := screen{console: new(console), stdout: new(bytes.Buffer), stderr: new(bytes.Buffer)}
	s.in, s.out, s.err = strings.NewReader(""), s.stdout, s.stderr
	s.zone = time.UTC
	s.now = func() time.Time { return began.Add(time.Hour) }
	return s
}

// terminal makes the screen one of so many columns.
func (s screen) terminal(width int) screen {
	s.tty, s.width = true, width
	return s
}

var ourColours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// unsafe finds what could do something to a terminal, apart from our colours.
func unsafe(text string) string {
	for _, r := range ourColours.ReplaceAllString(text, "") {
		if r != '\n' && !unicode.IsGraphic(r) {
			return string(r)
		}
	}
	return ""
}

func mustNot(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantText(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func wantIn(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}
