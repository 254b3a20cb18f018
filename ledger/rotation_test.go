package ledger

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// keyFiles is what the folder of the keys holds.
func (p *place) keyFiles() map[string]string {
	p.t.Helper()
	all := map[string]string{}
	for _, name := range []string{"test.signing.key", "test.next.key", "test.public"} {
		text, err := os.ReadFile(filepath.Join(p.keys.dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			p.t.Fatal(err)
		}
		all[name] = strings.TrimSpace(string(text))
	}
	return all
}

// reload reads the keys as the next process would.
func (p *place) reload() {
	p.t.Helper()
	keys, err := LoadKeys(p.keys.dir, "test")
	if err != nil {
		p.t.Fatal(err)
	}
	p.keys = keys
}

func (p *place) newKey() string {
	p.t.Helper()
	public, err := NewSigningKey(p.keys.dir, "test")
	if err != nil {
		p.t.Fatal(err)
	}
	return public
}

func (p *place) rotate(l *Log) string {
	p.t.Helper()
	public, err := l.RotateKey()
	if err != nil {
		p.t.Fatal(err)
	}
	return public
}

func (p *place) verifyWith(key string, against ...[]byte) *Report {
	p.t.Helper()
	r, err := Verify(p.t.(*testing.T).Context(), os.DirFS(p.dir), VerifyOptions{Key: key, Against: against})
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// rotated is a log of 12 records, all but the last four sealed, whose key was
// changed at 6.
func rotated(t *testing.T) (p *place, first, second string) {
	t.Helper()
	p = newPlace(t)
	first = p.keys.Verifier()
	l := p.open()
	commit(t, l, "r0", "r1", "r2", "r3")
	closeLog(t, l)
	restart(t, p)
	l = p.open()
	commit(t, l, "r4", "r5")
	second = p.newKey()
	if got := p.rotate(l); got != second || l.Verifier() != second {
		t.Fatalf("the key in force is %s, want %s", got, second)
	}
	commit(t, l, "r6", "r7")
	closeLog(t, l)
	p.reload()
	restart(t, p)
	l = p.open()
	commit(t, l, "r8", "r9", "r10", "r11")
	closeLog(t, l)
	p.noProblems()
	return p, first, second
}

func TestALogGoesOnUnderAnotherKey(t *testing.T) {
	p, first, second := rotated(t)
	files := p.keyFiles()
	list := first + " retired at 6\n" + second
	if files["test.public"] != list || files["test.next.key"] != "" || p.keys.Verifier() != second {
		t.Errorf("key files: %q", files)
	}
	for name, key := range map[string]string{"the first key": first, "the second": second, "both": list, "the one beside the log": ""} {
		r := p.verifyWith(key)
		if len(r.Problems) > 0 || r.Records != 12 || r.Signed != 12 {
			t.Errorf("with %s: %+v", name, r)
		}
		if len(r.Keys) != 2 || r.Keys[0].Public != first || *r.Keys[0].Until != 6 || r.Keys[1].Public != second || r.Keys[1].From != 6 || r.Keys[1].Until != nil || time.Since(r.Keys[1].Since) > time.Minute {
			t.Errorf("with %s: keys %+v", name, r.Keys)
		}
	}
	if text := string(p.readFile("keys/*")); !strings.Contains(text, "\nfrom "+first+"\nto "+second+"\nat ") || strings.Count(text, "\n— caddyrec/test ") != 2 {
		t.Errorf("the succession is\n%s", text)
	}
	if got := p.rotateNothing(); got != "" {
		t.Errorf("without a new key the key changed to %s", got)
	}
}

func (p *place) rotateNothing() string {
	l := p.open()
	defer closeLog(p.t, l)
	return p.rotate(l)
}

func TestProofsHoldThroughARotation(t *testing.T) {
	p, first, second := rotated(t)
	list := p.keyFiles()["test.public"]
	for seq := range uint64(12) {
		file, err := Prove(t.Context(), os.DirFS(p.dir), seq)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{second, list} {
			if r, err := VerifyProof(file, key); err != nil || len(r.Problems) > 0 {
				t.Errorf("record %d: %+v, %v", seq, r, err)
			}
		}
		if r, err := VerifyProof(file, first); err != nil || len(r.Problems) != 1 || r.Problems[0].Kind != kindSignature {
			t.Errorf("record %d, with the first key: %+v, %v", seq, r, err)
		}
	}
}

func TestALogRefusesAKeyThatWasRetired(t *testing.T) {
	p, _, _ := rotated(t)
	stolen := otherKey(t)
	p.keys.signer, p.keys.public = stolen.signer, stolen.public
	o := p.options()
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "since 6 records") {
		t.Errorf("got %v", err)
	}
}

func TestOneNewKeyWaitsAtATime(t *testing.T) {
	p := newPlace(t)
	public := p.newKey()
	if _, err := NewSigningKey(p.keys.dir, "test"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second one: %v", err)
	}
	if got, err := NextKey(p.keys.dir, "test"); err != nil || got != public {
		t.Errorf("the next key is %s, %v", got, err)
	}
	if _, err := NewSigningKey(p.keys.dir, "other"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a log without keys: %v", err)
	}
	l := p.open()
	if _, err := l.RotateKey(); err == nil || !strings.Contains(err.Error(), "no record yet") {
		t.Errorf("at an empty log: %v", err)
	}
	closeLog(t, l)
}

func TestARotationUnderLoadLeavesAnIntactLog(t *testing.T) {
	p := newPlace(t)
	l := p.open(func(o *Options) { o.SealBytes = 2000 })
	commit(t, l, "first")
	stop := underLoad(t, l)
	for range 10 {
		p.newKey()
		commit(t, l, "y")
		p.rotate(l)
		p.verified()
	}
	stop()
	closeLog(t, l)
	p.reload()
	p.noProblems()
	if r := p.verified(); len(r.Keys) != 11 {
		t.Errorf("%d keys", len(r.Keys))
	}
	// What was left to seal is sealed under the new key.
	restart(t, p)
	p.verified()
	p.noProblems()
}

func TestASealThatARotationCameBetweenIsDoneAgain(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "a", "b")
	closeLog(t, l) // stores a checkpoint at 2, with the first key
	p.newKey()
	p.bubble(func(t *testing.T) {
		store := &shaky{Store: p.store}
		store.set(func(name string) error {
			if strings.Contains(name, "/sealed/") {
				return errors.New("crash")
			}
			return nil
		})
		l := p.open(func(o *Options) { o.Store = store })
		synctest.Wait()
		p.rotate(l)
		store.set(nil)
		closeLog(t, l)
	})
	p.problemsSoFar()
	p.reload()
	restart(t, p)
	if got := p.sealedSegments(); len(got) != 1 {
		t.Errorf("sealed %q", got)
	}
	p.verified()
	p.noProblems()
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWhatIsWrongWithSuccessionsIsNamed(t *testing.T) {
	p, first, _ := rotated(t)
	name := "keys/00000000000000000006"
	good := p.readFile(name)
	for what, c := range map[string]struct {
		do   func(q *place)
		want string
	}{
		"a changed size": {func(q *place) {
			q.edit(name, func(b []byte) []byte { return bytes.Replace(b, []byte("\n6\n"), []byte("\n7\n"), 1) })
		}, "key " + name},
		"another new key": {func(q *place) {
			q.edit(name, func(b []byte) []byte { return bytes.Replace(b, []byte("\nto "), []byte("\nto x"), 1) })
		}, "key " + name},
		"one signature": {func(q *place) { q.edit(name, func(b []byte) []byte { return b[:bytes.LastIndex(b, []byte("— "))] }) }, "key " + name},
		"a changed date": {func(q *place) {
			q.edit(name, func(b []byte) []byte { return bytes.Replace(b, []byte("\nat 2"), []byte("\nat 3"), 1) })
		}, "key " + name},
		"under another name": {func(q *place) { write(q.t, q.path("keys", "00000000000000000005"), good) }, "key keys/00000000000000000005"},
		"gone":               {func(q *place) { q.drop("keys") }, "signature checkpoint"},
		"a foreign one": {func(q *place) {
			a, b := otherKey(q.t), otherKey(q.t)
			s := succession{checkpoint: checkpoint{size: 9}, from: a.public, to: b.public}
			signed, err := s.sign("test", a.signer, b.signer)
			if err != nil {
				q.t.Fatal(err)
			}
			write(q.t, q.path("keys", "00000000000000000009"), signed)
		}, "key keys/00000000000000000009"},
	} {
		q := p.copies()
		c.do(q)
		if got := found(q.verifyWith(first)); !slices.Contains(got, c.want) {
			t.Errorf("%s: found %q, want %q", what, got, c.want)
		}
	}
}

func TestALogThatLostAllButASuccessionIsRefused(t *testing.T) {
	p, _, _ := rotated(t)
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != keysFolder && e.Name() != publicKeyFile {
			if err := os.RemoveAll(filepath.Join(p.dir, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := Open(p.options()); err == nil || !strings.Contains(err.Error(), "the signing key was changed at 6 records, the files hold 0") {
		t.Errorf("got %v", err)
	}
}
