package chain_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/encryption"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

func ageIdentity(t testing.TB) (id *age.X25519Identity, recipient string) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id, id.Recipient().String()
}

// startEncrypted is start with more lines in the caddyrec option.
func startEncrypted(t testing.TB, options, site string) *rig {
	t.Helper()
	return startWith(t, "store local DIR/RECORDS\n"+options, site)
}

// written gives each file in these folders, unpacked.
func (r *rig) written(folders []string, see func(name string, text []byte)) {
	r.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(r.dir, folder), func(name string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(name)
			if err == nil && strings.HasSuffix(name, ".gz") {
				z, zerr := gzip.NewReader(bytes.NewReader(text))
				if zerr != nil {
					return zerr
				}
				text, err = io.ReadAll(z)
			}
			see(name, text)
			return err
		})
		if err != nil {
			r.Fatal(err)
		}
	}
}

// isNowhere fails if a text is in any file of these folders.
func (r *rig) isNowhere(canary string, folders ...string) {
	r.Helper()
	files := 0
	r.written(folders, func(name string, text []byte) {
		files++
		if i := strings.Index(string(text), canary); i >= 0 {
			r.Errorf("%s has it: …%s…", name, text[max(0, i-300):min(len(text), i+40)])
		}
	})
	if files < 5 {
		r.Errorf("only %d files were looked at", files)
	}
}

// opened are the records of a type with their bodies opened.
func (r *rig) opened(t record.Type, identities ...age.Identity) (all []*record.Record) {
	r.Helper()
	o := encryption.NewOpener(identities)
	r.lines(func(line []byte) {
		text, err := o.Open(line)
		if err != nil {
			r.Fatalf("%v: %s", err, line)
		}
		rec, err := record.Parse(text)
		if err != nil {
			r.Fatal(err)
		}
		if rec.Type == t {
			all = append(all, rec)
		}
	})
	return all
}

func (r *rig) lines(see func(line []byte)) {
	r.Helper()
	err := ledger.Walk(os.DirFS(filepath.Join(r.dir, r.dirName, "ledger", "test")), 0, func(l ledger.Line) error {
		see(bytes.Clone(l.Raw))
		return nil
	})
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) verifies() {
	r.Helper()
	dir := filepath.Join(r.dir, r.dirName, "ledger", "test")
	key, err := os.ReadFile(filepath.Join(dir, "public.key"))
	if err != nil {
		r.Fatal(err)
	}
	report, err := ledger.Verify(r.Context(), os.DirFS(dir), ledger.VerifyOptions{Key: strings.TrimSpace(string(key))})
	if err != nil || len(report.Problems) > 0 {
		r.Errorf("verify: %v %+v", err, report)
	}
}

func TestEncryptedBodiesAreInNoFileAndOpenWithTheIdentity(t *testing.T) {
	ana, recipient := ageIdentity(t)
	r := startEncrypted(t, "encrypt_to "+recipient, fullChain)
	r.ready()
	const canary = "the-plain-canary"
	r.upstream.answer = func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if q.URL.Path == "/answer" {
			io.WriteString(w, `{"ok":true,"note":"`+canary+`"}`)
			return
		}
		io.WriteString(w, `{"ok":true}`)
	}
	who := r.as("ana", "eng")
	sees := func(path, body string, status int) {
		t.Helper()
		if a := r.do("POST", path, body, who...); a.StatusCode != status {
			t.Fatalf("%s got %d %s", path, a.StatusCode, a.text)
		}
	}
	body := `{"amount":1,"code":"c-secret","note":"` + canary + `"}`
	sees("/orders", body, 200)
	sees("/answer", body, 200)
	sees("/orders", `{"amount":"no number","note":"`+canary+`"}`, 422) // refused by the guard
	id := r.pend(`{"amount":5000,"code":"c-secret","note":"`+canary+`"}`, who...)
	ben := r.as("ben", "sec")
	if view := r.do("GET", "/.caddyrec/approvals/"+id, "", ben...); !strings.Contains(view.text, canary) || strings.Contains(view.text, "encrypted") {
		t.Errorf("the approver sees %s", view.text)
	}
	r.isNowhere(canary, r.dirName, r.logName) // in the open segment

	stopCaddy(t)
	r.isNowhere(canary, r.dirName, r.logName) // and sealed
	r.verifies()

	var told []string
	for _, typ := range []record.Type{record.Intent, record.ExchangeType, record.Denied} {
		for _, rec := range r.opened(typ, ana) {
			var in []string
			if q := rec.Request; q != nil && q.Body != nil && q.Body.Content != nil && strings.Contains(*q.Body.Content, canary) {
				in = append(in, "request")
			}
			if p := rec.Response; p != nil && p.Body != nil && p.Body.Content != nil && strings.Contains(*p.Body.Content, canary) {
				in = append(in, "response")
			}
			told = append(told, string(rec.Type)+" "+strings.Join(in, "+"))
		}
	}
	want := []string{
		"intent request", "intent request", "intent request",
		"exchange request", "exchange request+response", "exchange request", "denied request",
	}
	if !slices.Equal(told, want) {
		t.Errorf("opened: %q", told)
	}
	for _, rec := range r.records(ofType(record.ExchangeType)) { // what is readable without
		if rec.Request.Body.Content != nil || rec.Request.Body.Encrypted == "" || rec.Request.Body.Digest == "" || rec.Request.Body.Size == 0 || rec.Identity.Subject != "ana" || rec.Request.URL == "" {
			t.Errorf("without the identity: %+v %+v", rec.Request, rec.Request.Body)
		}
	}
	eve, _ := ageIdentity(t)
	o := encryption.NewOpener([]age.Identity{eve})
	refused := 0
	r.lines(func(line []byte) {
		var wrong *encryption.KeyError
		if _, err := o.Open(line); errors.As(err, &wrong) && !wrong.Missing {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	})
	if refused < 7 {
		t.Errorf("another identity was refused %d times", refused)
	}

	// The gateway that comes next cannot read the body of what waits.
	r.load(fullChain)
	r.ready()
	var view caddyrec.ApprovalView
	if a := r.do("GET", "/.caddyrec/approvals/"+id, "", ben...); json.Unmarshal([]byte(a.text), &view) != nil || view.Body != "" || view.Encrypted == nil {
		t.Fatalf("the approver sees %s", a.text)
	}
	if shown, err := o.Approval(view.Log, view.ID, *view.Encrypted); err == nil {
		t.Errorf("another identity opens %s", shown)
	}
	if shown, err := encryption.NewOpener([]age.Identity{ana}).Approval(view.Log, view.ID, *view.Encrypted); err != nil || !strings.Contains(shown, canary) || strings.Contains(shown, "c-secret") {
		t.Errorf("%v: %s", err, shown)
	}
	if a := r.vote(id, "approve", ben...); a.StatusCode != 200 {
		t.Errorf("the vote got %d %s", a.StatusCode, a.text)
	}
}

func TestEventsAreEncryptedOneByOne(t *testing.T) {
	ana, recipient := ageIdentity(t)
	r := startEncrypted(t, "encrypt_to "+recipient, "session_record\nreverse_proxy UPSTREAM")
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			io.WriteString(w, "data: the-plain-canary\n\n")
			w.(http.Flusher).Flush()
		}
	}
	if a := r.do("GET", "/", ""); strings.Count(a.text, "canary") != 3 {
		t.Fatalf("got %s", a.text)
	}
	r.isNowhere("the-plain-canary", r.dirName, r.logName)
	r.records(ofType(record.Chunk)) // they meet the schema
	chunks := r.opened(record.Chunk, ana)
	for _, c := range chunks {
		if *c.Chunk.Body.Content != "data: the-plain-canary\n\n" {
			t.Errorf("got %q", *c.Chunk.Body.Content)
		}
	}
	if len(chunks) != 3 {
		t.Errorf("%d chunks", len(chunks))
	}
}
