package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	filippo "filippo.io/age"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/caddyrec"
	_ "github.com/caddyrec/caddyrec/caddyrec/sessionrecord"
	"github.com/caddyrec/caddyrec/encryption"
	"github.com/caddyrec/caddyrec/record"
)

// keyFile makes an age identity and the file that age-keygen would.
func keyFile(t *testing.T) (name, recipient string) {
	t.Helper()
	id, err := filippo.GenerateX25519Identity()
	mustNot(t, err)
	name = filepath.Join(t.TempDir(), "key.txt")
	mustNot(t, os.WriteFile(name, []byte("# public key: "+id.Recipient().String()+"\n"+id.String()+"\n"), 0o600))
	return name, id.Recipient().String()
}

func TestAKilledGatewayLeavesNoBodyThatCanBeReadWithoutTheKey(t *testing.T) {
	reader, contents := keyFile(t)
	investigator, originals := keyFile(t)
	stranger, _ := keyFile(t)
	p := startProcess(t, contents, originals)
	for range 3 {
		p.post()
	}
	p.isNowhere("-canary")
	rec := func(code int, stdout, stderr string, args ...string) string {
		t.Helper()
		got, out, errs := runCaddy(t, nil, append(append([]string{"rec"}, args...), "--store", p.store)...)
		if got != code {
			t.Errorf("%q: exit code %d, want %d: %s", args, got, code, errs)
		}
		wantIn(t, out, stdout)
		wantIn(t, errs, stderr)
		if code != 0 && strings.Contains(out+errs, "-canary") {
			t.Errorf("%q shows %s%s", args, out, errs)
		}
		return out
	}
	out := rec(0, `\"password\":\"[masked]\"`, "", "ls", "--json", "-n", "1", "--identity", reader)
	var last record.Record
	mustNot(t, json.Unmarshal([]byte(out), &last))
	seq := last.ID

	// By the gateway.
	why := []string{"show", seq, "--originals", "--why", "case 17", "--by", "ida", "--address", p.admin}
	rec(0, "masked-canary-back", "", append(why, "-i", investigator)...)
	rec(0, "case 17", "", "ls", "--type", "originals.opened")

	p.kill()
	p.isNowhere("-canary")
	rec(0, "give --identity FILE", "", "show", seq)
	rec(0, `"encrypted":"`, "", "show", seq, "--json")
	rec(1, "", "none of the identities given is one of these", "show", seq, "-i", stranger)
	rec(1, "", "none of the identities given is one of these", "show", seq, "-i", investigator)
	rec(1, "", "no such file", "show", seq, "-i", filepath.Join(t.TempDir(), "none"))
	rec(1, "", "no age identity file", "show", seq, "-i", filepath.Join(p.store, "caddyrec.json"))
	rec(1, "", "add --json", "ls", "-i", reader)
	rec(1, "", "give --identity FILE", "show", seq, "--originals", "--why", "x")
	rec(1, "", "give --why TEXT", "show", seq, "--originals", "-i", investigator)
	rec(1, "", "give --originals too", "show", seq, "--why", "x")
	rec(1, "", "none of the identities given is one of these", append(why, "-i", reader)...)
	rec(2, "", "holds no originals", "show", "0", "--originals", "--why", "x", "-i", investigator, "--address", p.admin)
	shown := rec(0, "plain-canary-back", "", "show", seq, "-i", reader, "-i", stranger)
	if strings.Contains(shown, "masked-canary") {
		t.Errorf("what is masked is shown: %s", shown)
	}

	// By the log itself.
	shown = rec(0, "masked-canary-back", "", append(why, "-i", investigator)...)
	if strings.Contains(shown, "gave") || !strings.Contains(shown, "the body is encrypted") {
		t.Errorf("without the key of bodies: %s", shown)
	}
	var line struct {
		Originals struct {
			Record            string
			Request, Response struct{ Body string }
		}
	}
	both := rec(0, `"originals":{`, "", append(why, "-i", investigator, "-i", reader, "--json")...)
	mustNot(t, json.Unmarshal([]byte(both[strings.Index(both, "\n")+1:]), &line))
	if line.Originals.Record != seq || line.Originals.Request.Body != askedFor || line.Originals.Response.Body != answered {
		t.Errorf("got %s", both)
	}
	opened := rec(0, "", "", "ls", "--json", "--type", "originals.opened", "--exchange", last.Exchange)
	if n := strings.Count(opened, `"opened":{"record":"`+seq+`"`); n != 3 || !strings.Contains(opened, `"why":"case 17","by":"ida"`) {
		t.Errorf("%d openings are on record: %s", n, opened)
	}
	rec(0, "Intact", "", "verify")
	p.isNowhere("-canary")

	// What cannot be put on record is not shown: there is no key to sign with.
	mustNot(t, os.Rename(filepath.Join(p.store, "keys"), filepath.Join(p.store, "elsewhere")))
	rec(1, "", "nothing is shown, since it cannot be put on record", append(why, "-i", investigator)...)
	mustNot(t, os.Rename(filepath.Join(p.store, "elsewhere"), filepath.Join(p.store, "keys")))
}

func TestOriginalsAreNotShownWhileAnotherProcessWritesTheLog(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("the lock is mandatory there, which serves as well")
	}
	reader, contents := keyFile(t)
	investigator, originals := keyFile(t)
	p := startProcess(t, contents, originals)
	p.post()
	none := "unix/" + filepath.Join(t.TempDir(), "none")
	code, out, errs := runCaddy(t, nil, "rec", "show", "2", "--store", p.store, "-i", investigator, "--originals", "--why", "x", "--address", none)
	if code != 1 || strings.Contains(out, "canary") || !strings.Contains(errs, "no gateway answers") || !strings.Contains(errs, "another process writes this log") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	// The gateway that is asked writes another log of the same name.
	other := newWorld(t)
	k, err := encryption.NewSealer(encryption.Originals, "main", []string{originals})
	mustNot(t, err)
	r := record.New(record.ExchangeType)
	r.Unmasked = &record.Unmasked{Request: &record.Original{URL: "canary"}}
	key := k.Key()
	_, err = other.log.Commit(t.Context(), r.AppendEncrypted(nil, record.Ciphers{Originals: key}), key.JSON())
	mustNot(t, err)
	args := []string{"rec", "show", "0", "--store", other.store, "-i", investigator, "-i", reader, "--originals", "--why", "x", "--address", p.admin}
	code, out, errs = runCaddy(t, nil, args...)
	if code != 1 || strings.Contains(out, "canary") || !strings.Contains(errs, "public key differs") || !strings.Contains(errs, "another process writes this log") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	// Where nobody writes that one, it is on record there.
	other.close()
	code, out, errs = runCaddy(t, nil, args...)
	if code != 0 || !strings.Contains(out, "canary") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	code, out, errs = runCaddy(t, nil, "rec", "ls", "--type", "originals.opened", "--json", other.store)
	if code != 0 || strings.Count(out, `"type":"originals.opened"`) != 1 {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

func TestAKeyIsFoundEarlierInTheSegment(t *testing.T) {
	reader, to := keyFile(t)
	w := newWorld(t)
	s, err := encryption.NewSealer(encryption.Contents, "main", []string{to})
	mustNot(t, err)
	key := s.Key()
	for range 5 {
		r := record.New(record.Intent)
		content := "plain-canary"
		r.Request = &record.Request{Method: "POST", URL: "https://x/", Body: &record.Body{Content: &content}}
		_, err = w.log.Commit(t.Context(), r.AppendEncrypted(nil, record.Ciphers{Contents: key}), key.JSON())
		mustNot(t, err)
	}
	show := func(want int) {
		t.Helper()
		src := w.source()
		o, err := (&identityFlag{[]string{reader}}).opener(src)
		mustNot(t, err)
		items, err := src.lookUp(recordName{seq: 4}, false)
		mustNot(t, err)
		items, err = o.bodies(items, false)
		if want > 0 {
			mustNot(t, err)
			screen := newScreen()
			mustNot(t, screen.show(items, false))
			wantIn(t, screen.stdout.String(), "plain-canary")
		} else if err == nil || !strings.Contains(err.Error(), "is not there") {
			t.Errorf("without its key: %v", err)
		}
	}
	show(1)
	w.close() // sealed
	show(1)
	w.tamper(`"data_keys":[{"id"`, `"data_keyz":[{"id"`)
	show(0)
}

func TestTheBodyOfAnApprovalOpensWithTheIdentity(t *testing.T) {
	reader, to := keyFile(t)
	s, err := encryption.NewSealer(encryption.Contents, "main", []string{to})
	mustNot(t, err)
	k := s.Key()
	v := caddyrec.ApprovalView{ID: approvalC, State: approval.Pending, Log: "main"}
	v.Encrypted = &record.Encrypted{Text: string(k.Encrypt(nil, approvalC, record.PlaceApproval, `{"amount":5000}`)), DataKey: k.DataKey()}
	closed := newScreen()
	sheet := sheet{con: closed.console}
	sheet.approvalView(&v)
	mustNot(t, sheet.print())
	wantIn(t, closed.stdout.String(), "give --identity FILE")
	mustNot(t, (&identityFlag{[]string{reader}}).approval(&v))
	open := newScreen()
	sheet.con = open.console
	sheet.approvalView(&v)
	mustNot(t, sheet.print())
	wantIn(t, open.stdout.String(), `"amount": 5000`)
	v.Encrypted.DataKey.ID = "0000000000000000"
	if err := (&identityFlag{[]string{reader}}).approval(&v); err == nil {
		t.Error("a key of another id opens it")
	}
}

func TestRecordsInABucketOpenAsThoseInAFolder(t *testing.T) {
	reader, to := keyFile(t)
	for _, ack := range []string{"local", "remote"} {
		t.Run(ack, func(t *testing.T) {
			w := newBucketWorld(t, ack)
			contents, err := encryption.NewSealer(encryption.Contents, "main", []string{to})
			mustNot(t, err)
			originals, err := encryption.NewSealer(encryption.Originals, "main", []string{to})
			mustNot(t, err)
			c, o := contents.Key(), originals.Key()
			for range 3 {
				r := record.New(record.Intent)
				content := "plain-canary"
				r.Request = &record.Request{Method: "POST", URL: "https://x/", Body: &record.Body{Content: &content}}
				r.Unmasked = &record.Unmasked{Request: &record.Original{URL: "masked-canary"}}
				_, err = w.log.Commit(t.Context(), r.AppendEncrypted(nil, record.Ciphers{Contents: c, Originals: o}), c.JSON(), o.JSON())
				mustNot(t, err)
			}
			w.close()
			src, err := (&place{config: w.config}).find(nil)
			mustNot(t, err)
			open, err := (&identityFlag{[]string{reader}}).opener(src)
			mustNot(t, err)
			items, err := src.lookUp(recordName{seq: 2}, false)
			mustNot(t, err)
			items, err = open.bodies(items, false)
			mustNot(t, err)
			s := newScreen()
			mustNot(t, s.show(items, false))
			wantIn(t, s.stdout.String(), "plain-canary", "what was masked is kept")
			f := originalsFlags{show: true, ask: retentionFlags{why: "x", address: "unix/" + filepath.Join(t.TempDir(), "none")}}
			if shown, err := f.open(open, items); err == nil || shown != nil || !strings.Contains(err.Error(), "it is in a bucket") {
				t.Errorf("without its gateway: %v", err)
			}
		})
	}
}
