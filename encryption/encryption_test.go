package encryption

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/age"

	"github.com/caddyrec/caddyrec/record"
)

const secret = `{"note":"the patient's \"own\" words ✓","n":1e400}` + "\n\x00\xff"

func TestBodiesOpenWithAnyRecipientsIdentityAndNoOther(t *testing.T) {
	ana, bo, eve := identity(t), identity(t), identity(t)
	r := exchange()
	closed := line(t, r, sealer(t, Contents, ana.Recipient().String(), bo.Recipient().String()).Key())
	if bytes.Contains(closed, []byte("patient")) || bytes.Contains(closed, []byte(`"content"`)) {
		t.Fatalf("the body is readable: %s", closed)
	}
	for _, who := range []age.Identity{ana, bo} {
		text, err := NewOpener([]age.Identity{eve, who}).Open(closed)
		if err != nil {
			t.Fatal(err)
		}
		got, err := record.Parse(text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		want := strings.ToValidUTF8(secret, "\uFFFD") + "asked"
		if *got.Request.Body.Content != want || *got.Response.Body.Content != "" || *got.Chunk.Body.Content != want || got.Request.Body.Encrypted != "" {
			t.Errorf("got %s", text)
		}
	}
	_, err := NewOpener([]age.Identity{eve}).Open(closed)
	var wrong *KeyError
	if !errors.As(err, &wrong) || wrong.Missing || wrong.Damaged || !strings.Contains(err.Error(), ana.Recipient().String()) {
		t.Errorf("with the wrong identity: %v", err)
	}
}

func TestPostQuantumRecipientsServeToo(t *testing.T) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	k := sealer(t, Contents, id.Recipient().String()).Key()
	if text, err := NewOpener([]age.Identity{id}).Open(line(t, exchange(), k)); err != nil || !bytes.Contains(text, []byte("patient")) {
		t.Errorf("%v: %s", err, text)
	}
	if len(k.JSON()) > 4<<10 {
		t.Errorf("the wrapped key takes %d bytes", len(k.JSON()))
	}
}

func TestATextOpensOnlyWhereItWasWritten(t *testing.T) {
	ana := identity(t)
	s := sealer(t, Contents, ana.Recipient().String())
	first, second := exchange(), exchange()
	a, b := line(t, first, s.Key()), line(t, second, s.Key())
	read := func(text []byte) *record.Record {
		r, err := record.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ra, rb := read(a), read(b)
	swapped := []byte(strings.NewReplacer(ra.Request.Body.Encrypted, ra.Chunk.Body.Encrypted, ra.Chunk.Body.Encrypted, ra.Request.Body.Encrypted).Replace(string(a)))
	flipped := []byte(ra.Request.Body.Encrypted)
	flipped[40] ^= 1
	for name, changed := range map[string][]byte{
		"from another record":  bytes.Replace(a, []byte(ra.Request.Body.Encrypted), []byte(rb.Request.Body.Encrypted), 1),
		"from another place":   swapped,
		"with another id":      bytes.Replace(a, []byte(first.ID), []byte(second.ID), 1),
		"in another log":       bytes.Replace(a, []byte(`"log":"main"`), []byte(`"log":"else"`), 1),
		"flipped":              bytes.Replace(a, []byte(ra.Request.Body.Encrypted), flipped, 1),
		"cut":                  bytes.Replace(a, []byte(ra.Request.Body.Encrypted), []byte(ra.Request.Body.Encrypted[:60]), 1),
		"without its key's id": bytes.Replace(a, []byte(ra.Request.Body.Encrypted), []byte("AAAA"), 1),
	} {
		o := NewOpener([]age.Identity{ana})
		o.Learn(b)
		if text, err := o.Open(changed); !errors.Is(err, ErrChanged) || text != nil {
			t.Errorf("%s: %v %s", name, err, text)
		}
	}
}

func TestOriginalsOpenForTheirOwnRecipientsOnly(t *testing.T) {
	reader, investigator := identity(t), identity(t)
	contents, originals := sealer(t, Contents, reader.Recipient().String()), sealer(t, Originals, investigator.Recipient().String())
	r := exchange()
	r.Unmasked = &record.Unmasked{
		Request:  &record.Original{URL: "https://x/?token=4711", Headers: map[string]string{"referer": "4711"}, Body: []byte("\x00\xff\nbinary"), Cut: true},
		Response: &record.Original{Body: []byte{}},
	}
	closed := line(t, r, contents.Key(), originals.Key())
	if bytes.Contains(closed, []byte("4711")) {
		t.Fatalf("readable: %s", closed)
	}
	got, err := NewOpener([]age.Identity{investigator}).Originals(closed)
	if err != nil {
		t.Fatal(err)
	}
	if q := got.Request; q.URL != r.Unmasked.Request.URL || q.Headers["referer"] != "4711" || string(q.Body) != "\x00\xff\nbinary" || !q.Cut {
		t.Errorf("got %+v", q)
	}
	if p := got.Response; p == nil || p.Body == nil || len(p.Body) != 0 || p.Cut {
		t.Errorf("got %+v", p)
	}
	var wrong *KeyError
	if _, err := NewOpener([]age.Identity{reader}).Originals(closed); !errors.As(err, &wrong) || wrong.Missing {
		t.Errorf("whoever reads bodies: %v", err)
	}
	if _, err := NewOpener([]age.Identity{investigator}).Open(closed); !errors.As(err, &wrong) || wrong.Missing {
		t.Errorf("the investigator reads bodies: %v", err)
	}
	r.Unmasked = nil
	if _, err := NewOpener([]age.Identity{investigator}).Originals(line(t, r, contents.Key(), originals.Key())); !errors.Is(err, ErrNoOriginals) {
		t.Errorf("without any: %v", err)
	}
	if plain := r.AppendFields(nil); bytes.Contains(plain, []byte("originals")) {
		t.Errorf("without a cipher: %s", plain)
	}
}

func TestAKeyThatIsMissingOrDamagedIsNamed(t *testing.T) {
	ana := identity(t)
	k := sealer(t, Contents, ana.Recipient().String()).Key()
	closed := line(t, exchange(), k)
	without := bytes.Replace(closed, []byte(`,"data_keys":[`+k.JSON()+`]`), nil, 1)
	var wrong *KeyError
	o := NewOpener([]age.Identity{ana})
	if _, err := o.Open(without); !errors.As(err, &wrong) || !wrong.Missing || wrong.ID != k.id {
		t.Errorf("missing: %v", err)
	}
	o.Learn(closed) // from an earlier record
	if text, err := o.Open(without); err != nil || !bytes.Contains(text, []byte("patient")) {
		t.Errorf("learned: %v", err)
	}
	for _, damaged := range []string{"!", "AAAA", ""} {
		var d record.DataKey
		if err := json.Unmarshal([]byte(k.JSON()), &d); err != nil {
			t.Fatal(err)
		}
		text := bytes.Replace(closed, []byte(d.Wrapped), []byte(damaged), 1)
		if _, err := NewOpener([]age.Identity{ana}).Open(text); !errors.As(err, &wrong) || !wrong.Damaged {
			t.Errorf("damaged %q: %v", damaged, err)
		}
	}
}

func TestADataKeyIsUsedForAnHourAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sealer(t, Contents, identity(t).Recipient().String())
		first := s.Key()
		time.Sleep(epoch - time.Second)
		if s.Key() != first {
			t.Error("replaced too early")
		}
		time.Sleep(time.Second)
		second := s.Key()
		if second == first || second.id == first.id {
			t.Error("not replaced")
		}
		second.texts.Store(epochTexts)
		if s.Key() == second {
			t.Error("not replaced after so many texts")
		}
	})
}

func BenchmarkEncrypt1KiB(b *testing.B) {
	k := sealer(b, Contents, identity(b).Recipient().String()).Key()
	plain, buf := strings.Repeat("x", 1<<10), make([]byte, 0, 4<<10)
	b.SetBytes(1 << 10)
	for b.Loop() {
		k.Encrypt(buf, "019a6f3e-7c00-7000-8000-3f6cd1a1b2c3", record.PlaceRequest, plain)
	}
}

func FuzzALineOpensOrIsRefused(f *testing.F) {
	ana := identity(f)
	recipient := ana.Recipient().String()
	contents, originals := sealer(f, Contents, recipient).Key(), sealer(f, Originals, recipient).Key()
	r := exchange()
	r.Unmasked = &record.Unmasked{Request: &record.Original{Body: []byte("x")}}
	f.Add(line(f, r, contents, originals))
	f.Add([]byte(`{"seq":1,"log":"main","id":"a","request":{"method":"","url":"","body":{"size":0,"encrypted":"a:AAAA"}},"data_keys":[{"id":"a","for":"contents","wrapped":"AAAA"}]}`))
	f.Add([]byte(`{"originals":":"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		o := NewOpener([]age.Identity{ana})
		if opened, err := o.Open(text); err == nil {
			if _, err := record.Parse(opened); err != nil {
				t.Errorf("%v: %s", err, opened)
			}
		}
		o.Originals(text)
	})
}

func FuzzParseUnmasked(f *testing.F) {
	f.Add([]byte("{\"request\":{\"body\":3},\"response\":{\"body\":1,\"cut\":true}}\nabcd"))
	f.Add([]byte("{\"request\":{\"body\":-1}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if u, err := record.ParseUnmasked(text); err == nil && u.Request != nil && len(u.Request.Body) > len(text) {
			t.Error("a body came from nowhere")
		}
	})
}
