package provision

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// sign makes a key of any payload.
func sign(k *signer, text string) string {
	signed := KeyPrefix + k.kid + "." + b64.EncodeToString([]byte(text))
	return signed + "." + b64.EncodeToString(ed25519.Sign(k.private, []byte(signed)))
}

// payloadOf is what a key says.
func payloadOf(t testing.TB, key string) string {
	p, err := split(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := b64.DecodeString(p.payload)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatIsNoKeyOfOursIsRefusedAndSaysWhy(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	key, g := p.issue(a)
	parts := strings.Split(key, ".")
	join := func(s ...string) string { return strings.Join(s, ".") }
	k := a.keys.at(periodOf(g.Issued))
	says := payloadOf(t, key)
	other := p.authority(func(o *Options) { o.Secret = append(make([]byte, 31), 1) })
	foreign := p.authority(func(o *Options) { o.Service = "other" })
	theirs, _ := p.issue(other)
	elsewhere, _ := p.issue(foreign)
	edit := func(old, by string) string {
		if !strings.Contains(says, old) {
			t.Fatalf("%s has no %s", says, old)
		}
		return sign(k, strings.Replace(says, old, by, 1))
	}
	retired := a.keys.at(periodOf(g.Issued) - 2)
	for name, c := range map[string]struct {
		key  string
		want Reason
	}{
		"nothing":                     {"", Malformed},
		"a word":                      {"secret", Malformed},
		"a JWT":                       {"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.", Malformed},
		"another version":             {"crk2" + key[4:], Malformed},
		"the prefix in upper case":    {"CRK1" + key[4:], Malformed},
		"no signature":                {join(parts[0], parts[1], parts[2], ""), Malformed},
		"no last part":                {join(parts[0], parts[1], parts[2]), Malformed},
		"a fifth part":                {key + ".x", Malformed},
		"padding":                     {key + "==", Malformed},
		"a line end in the payload":   {join(parts[0], parts[1], parts[2][:8]+"\n"+parts[2][8:], parts[3]), Malformed},
		"a signature of other bits":   {join(parts[0], parts[1], parts[2], parts[3][:85]+string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", parts[3][85])|1])), Malformed},
		"a long kid":                  {join(parts[0], parts[1]+"0", parts[2], parts[3]), Malformed},
		"a kid in upper case":         {join(parts[0], strings.Repeat("A", kidLen), parts[2], parts[3]), Malformed},
		"too long":                    {key + strings.Repeat("A", maxKey), Malformed},
		"a kid nobody has":            {join(parts[0], strings.Repeat("0", kidLen), parts[2], parts[3]), UnknownKey},
		"another secret's":            {theirs, UnknownKey},
		"another service's":           {elsewhere, UnknownKey},
		"of a day long past":          {sign(retired, says), RetiredKey},
		"a changed payload":           {join(parts[0], parts[1], b64.EncodeToString([]byte(strings.Replace(says, "ana", "ben", 1))), parts[3]), Forged},
		"another key's signature":     {sign(&signer{kid: k.kid, private: ed25519.NewKeyFromSeed(make([]byte, 32))}, says), Forged},
		"no signature but zeros":      {join(parts[0], parts[1], parts[2], strings.Repeat("A", sigLen)), Forged},
		"signed for another service":  {edit(`"aud":"main"`, `"aud":"other"`), Foreign},
		"signed with a space":         {sign(k, says+" "), Malformed},
		"signed with a field twice":   {edit(`"sub":"ana"`, `"sub":"ben","sub":"ana"`), Malformed},
		"signed with another field":   {edit(`"sub":"ana"`, `"sub":"ana","x":1`), Malformed},
		"signed in another order":     {edit(`"sub":"ana",`, ``), Malformed},
		"signed for no session":       {edit(`"ses":["s_1","s_2"]`, `"ses":[]`), Malformed},
		"signed for too long":         {edit(fmt.Sprintf(`"exp":%d`, g.Expires.UnixMilli()), fmt.Sprintf(`"exp":%d`, g.Expires.Add(48*time.Hour).UnixMilli())), Malformed},
		"signed to end before it is":  {edit(fmt.Sprintf(`"exp":%d`, g.Expires.UnixMilli()), fmt.Sprintf(`"exp":%d`, g.Issued.Add(-time.Second).UnixMilli())), Malformed},
		"signed with less random":     {edit(`"rnd":"`, `"rnd":"AAAA`), Malformed},
		"signed with the id of a day": {edit(g.ID[:8], "00000000"), Malformed},
	} {
		if c.key == key {
			t.Fatalf("%s: it is the key itself", name)
		}
		for range 2 { // the second time by heart
			if _, err := a.Check(t.Context(), "Bearer "+c.key, at("192.0.2.1")); ReasonOf(err) != c.want {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
	}
	for _, authorization := range []string{"", "Basic YTpi", key, "Bearer", "Bearer  " + key, "Digest " + key} {
		want := Malformed
		if authorization == "" {
			want = Missing
		}
		p.refusedWith(a, authorization, at("192.0.2.1"), want)
	}
	for _, r := range p.book.of(record.KeyRefused) {
		if r.Key.Reason == "malformed" && (r.Key.ID != "" || r.Key.Subject != nil) {
			t.Error("what a forged key says is on record as if it were so")
		}
	}
	p.check(a, key, at("192.0.2.1"))
}

func TestAFloodOfForgedKeysIsCountedAndLeavesNothingBehind(t *testing.T) {
	p := newPlace(t)
	synctest.Test(t, func(t *testing.T) {
		a := p.authority()
		defer a.Close()
		good, g := p.issue(a)
		k, theirs := a.keys.at(periodOf(g.Issued)), &signer{kid: a.keys.at(periodOf(g.Issued)).kid, private: ed25519.NewKeyFromSeed(make([]byte, 32))}
		says := payloadOf(t, good)
		over := *g
		over.Issued, over.Expires = g.Issued.Add(-time.Hour), g.Issued.Add(-time.Minute)
		if periodOf(over.Issued) != k.period {
			k = a.keys.at(periodOf(over.Issued))
		}
		send := func(n int) {
			for i := range n {
				var key string
				switch i % 5 {
				case 0:
					key = sign(theirs, strings.Replace(says, "incident 7", fmt.Sprint("incident ", i), 1))
				case 1:
					over.ID = newID(over.Issued)
					key, _ = mint(&over, k)
				case 2:
					key = KeyPrefix + fmt.Sprintf("%016x", i) + good[len(KeyPrefix)+kidLen:]
				case 3:
					key = "crk1." + rand.Text()
				case 4:
					key = good + fmt.Sprint(i)
				}
				if _, err := a.Check(t.Context(), "Bearer "+key, at(fmt.Sprintf("192.0.2.%d", i%200))); err == nil {
					t.Fatal("one is accepted")
				}
			}
		}
		send(3000)
		used := heap()
		send(10_000)
		if grown := int64(heap()) - int64(used); grown > 8<<20 {
			t.Errorf("%d bytes more after 10,000 refusals", grown)
		}
		if n := a.refusals.len() + a.verified.len(); n > 2*(maxRefused+maxVerified) {
			t.Errorf("%d are remembered", n)
		}
		l, err := a.Check(t.Context(), "Bearer "+good, at("192.0.2.7"))
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		time.Sleep(countEvery) // of the bubble's clock
		synctest.Wait()
		written, counted := 0, int64(0)
		for _, r := range p.book.of(record.KeyRefused) {
			if r.Key.Suppressed > 0 {
				counted += r.Key.Suppressed
			} else {
				written++
			}
		}
		if written > refusalsBurst || int64(written)+counted != 13_000 {
			t.Errorf("%d refusals are written out and %d counted of 13000", written, counted)
		}
		refused := 0
		for _, e := range p.events {
			if e.Type == record.KeyRefused {
				refused++
			}
		}
		if refused != 13_000 {
			t.Errorf("the metric would say %d", refused)
		}
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func FuzzAKeyHasOneForm(f *testing.F) {
	a := &signers{secret: secret, service: "main", made: map[int64]*signer{}}
	now := time.Now().Truncate(time.Millisecond).UTC()
	g := &Grant{ID: newID(now), Kid: a.at(periodOf(now)).kid, Subject: "ana", Issuer: "https://id.example", Service: "main", Scope: Scope{Sessions: []string{"s_1"}}, Purpose: "<é>", Issued: now, Expires: now.Add(time.Minute)}
	k := a.at(periodOf(now))
	key, err := mint(g, k)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(key, "")
	f.Add("", payloadOf(f, key))
	f.Add("crk1.0000000000000000.e30.", `{}`)
	f.Fuzz(func(t *testing.T, key, says string) {
		for _, key := range []string{key, sign(k, says)} {
			p, err := split(key)
			if err != nil {
				continue
			}
			g, err := p.open()
			if err != nil {
				continue
			}
			var v payload
			if err := json.Unmarshal([]byte(payloadOf(t, key)), &v); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(v)
			if err != nil || KeyPrefix+p.kid+"."+b64.EncodeToString(again)+"."+b64.EncodeToString(p.signature) != key {
				t.Errorf("%q can be written in another way", key)
			}
			if g.ID == "" || g.Subject == "" {
				t.Errorf("%q says nothing", key)
			}
		}
	})
}

func (g *generations[K, V]) len() int {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return len(g.now) + len(g.old)
}
