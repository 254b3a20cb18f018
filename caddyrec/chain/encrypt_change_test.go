package chain_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"filippo.io/age"

	"github.com/caddyrec/caddyrec/encryption"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
)

func TestRecipientsAreChangedByAReload(t *testing.T) {
	first, firstTo := ageIdentity(t)
	second, secondTo := ageIdentity(t)
	r := startEncrypted(t, "encrypt_to "+firstTo, "session_record\nreverse_proxy UPSTREAM")
	r.do("PUT", "/first", `{"note":"plain"}`)
	r.store = "store local DIR/RECORDS\nencrypt_to " + secondTo + " " + firstTo
	r.load("session_record\nreverse_proxy UPSTREAM")
	r.do("PUT", "/both", `{"note":"plain"}`)
	r.store = "store local DIR/RECORDS\nencrypt_to " + secondTo
	r.load("session_record\nreverse_proxy UPSTREAM")
	r.do("PUT", "/second", `{"note":"plain"}`)
	r.store = "store local DIR/RECORDS"
	r.load("session_record\nreverse_proxy UPSTREAM")
	r.do("PUT", "/plain", `{"note":"plain"}`)
	stopCaddy(t)
	for _, c := range []struct {
		who  age.Identity
		sees string
	}{{first, "/first /both /plain "}, {second, "/both /second /plain "}} {
		o := encryption.NewOpener([]age.Identity{c.who})
		sees := ""
		r.lines(func(line []byte) {
			text, err := o.Open(line)
			if rec, perr := record.Parse(text); err == nil && perr == nil && rec.Type == record.ExchangeType && *rec.Request.Body.Content == `{"note":"plain"}` {
				sees += strings.TrimPrefix(rec.Request.URL, r.url) + " "
			}
		})
		if sees != c.sees {
			t.Errorf("sees %s, want %s", sees, c.sees)
		}
	}
	r.verifies()
}

func TestRecipientsThatCannotBeAreRefusedBeforeAnythingRuns(t *testing.T) {
	id, to := ageIdentity(t)
	_, other := ageIdentity(t)
	r := startEncrypted(t, "", "session_record\nreverse_proxy UPSTREAM")
	for options, says := range map[string]string{
		"encrypt_to ana":                                       `encrypt_to: "ana" is no age recipient`,
		"encrypt_to " + to + " " + to:                          "twice",
		"encrypt_to " + id.String():                            "secret key",
		"originals {\n}":                                       "originals: to: no recipient",
		"originals {\nto bad\n}":                               "originals: to: ",
		"originals {\nto " + other + "\nmax_body 17MiB\n}":     "16 MiB",
		"encrypt_to " + to + "\noriginals {\nto " + to + "\n}": "one of encrypt_to as well",
		"encrypt_to " + to + "\nencrypt_to " + to:              "twice",
	} {
		r.store = "store local DIR/RECORDS\n" + options
		err := r.tryLoad("session_record\nreverse_proxy UPSTREAM")
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), id.String()) {
			t.Errorf("%s: %v", options, err)
		}
	}
}

func TestWhatWaitsForABucketAndWhatIsInItIsEncrypted(t *testing.T) {
	const canary = "the-plain-canary"
	server := gcstest.Start(t)
	ana, recipient := ageIdentity(t)
	r := startWith(t, gcsStore(server, "")+"\nencrypt_to "+recipient, fullChain)
	r.ready()
	refused := make(chan struct{}, 1)
	server.Fail(func(c gcstest.Call) gcstest.Fault { // so that it waits in the spool
		if strings.HasPrefix(c.Name, "prod/ledger/") && c.Op == "insert" {
			select {
			case refused <- struct{}{}:
			default:
			}
			return 503
		}
		return gcstest.None
	})
	if a := r.do("POST", "/orders", `{"amount":1,"note":"`+canary+`"}`, r.as("ana", "eng")...); a.StatusCode != 200 {
		t.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	r.pend(`{"amount":5000,"note":"`+canary+`"}`, r.as("ana", "eng")...)
	stopCaddy(t)
	r.load(fullChain) // seals what was open
	<-refused         // and so it waits
	r.isNowhere(canary, r.dirName, r.logName)
	server.Fail(nil)
	sealed, _ := server.Object(server.Await(t, "prod/ledger/test/sealed/"))
	z, err := gzip.NewReader(bytes.NewReader(sealed.Data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range server.Names() {
		if o, _ := server.Object(name); bytes.Contains(o.Data, []byte(canary)) {
			t.Errorf("%s has it", name)
		}
	}
	o, opened := encryption.NewOpener([]age.Identity{ana}), 0
	for line := range bytes.Lines(text) {
		line, err := o.Open(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			t.Fatal(err)
		}
		opened += bytes.Count(line, []byte(canary))
	}
	if bytes.Contains(text, []byte(canary)) || opened == 0 {
		t.Errorf("the sealed segment opens to %d bodies", opened)
	}
}

func TestReloadsWithOtherRecipientsLoseNoKey(t *testing.T) {
	const site = "session_record\nreverse_proxy UPSTREAM"
	first, firstTo := ageIdentity(t)
	second, secondTo := ageIdentity(t)
	r := startEncrypted(t, "encrypt_to "+firstTo, site)
	var sent atomic.Int64
	underLoad(func() {
		if a, err := r.try("PUT", "/", `{"note":"plain"}`); err == nil && a.StatusCode == 200 {
			sent.Add(1)
		}
	}, func() {
		for i := range 20 {
			r.store = "store local DIR/RECORDS\nencrypt_to " + []string{secondTo, firstTo}[i%2]
			r.load(site)
		}
	})
	stopCaddy(t)
	opened := int64(0)
	for _, rec := range r.opened(record.ExchangeType, first, second) {
		if *rec.Request.Body.Content == `{"note":"plain"}` {
			opened++
		}
	}
	if opened < sent.Load() || sent.Load() == 0 {
		t.Errorf("%d of %d answered requests can be read", opened, sent.Load())
	}
	r.verifies()
}
