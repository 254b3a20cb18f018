package provision

import (
	"fmt"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage/local"
)

// overwritten is a place in whose store somebody puts a text under a name before
// anybody else does.
func overwritten(t *testing.T, p *place, root string, g *Grant, text string) *place {
	t.Helper()
	s, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	name := root + "main/" + dayOf(g.Issued) + "/" + g.ID + ".json"
	if err := s.Create(t.Context(), name, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if kept := keysRoot + "main/" + dayOf(g.Issued) + "/" + g.ID + ".json"; kept != name {
		if err := s.Create(t.Context(), kept, strings.NewReader(p.read(kept))); err != nil {
			t.Fatal(err)
		}
	}
	return &place{t: t, store: s, book: &book{}, wall: p.wall}
}

func TestARevocationIsOfTheKeyThatItNamesWhateverTheStoreSaysOfThat(t *testing.T) {
	before := newPlace(t)
	first := before.authority()
	key, g := before.issue(first)
	_, other := before.issue(first)
	name := func(g *Grant) string { return keysRoot + "main/" + dayOf(g.Issued) + "/" + g.ID + ".json" }
	own := before.read(name(g))
	for what, text := range map[string]string{
		"another key's":           before.read(name(other)),
		"nothing":                 "",
		"a subject without end":   strings.Replace(own, `"sub":"ana"`, `"sub":"`+strings.Repeat("a", 9000)+`"`, 1),
		"a life that never ends":  strings.Replace(own, `"expires":"2`, `"expires":"9`, 1),
		"a purpose without end":   strings.Replace(own, "incident 7", strings.Repeat("i", 9000), 1),
		"a key of another moment": strings.Replace(own, `"issued":"2`, `"issued":"1`, 1),
	} {
		t.Run(what, func(t *testing.T) {
			p := overwritten(t, before, keysRoot, g, text)
			a := p.authority()
			p.check(a, key, at("192.0.2.1")).Close()
			if err := a.Revoke(t.Context(), Revocation{ID: g.ID, By: "ops", Why: "leaked"}); err != nil {
				t.Fatal(err)
			}
			p.refusedWith(a, "Bearer "+key, at("192.0.2.1"), Revoked)
			p.refusedWith(p.authority(), "Bearer "+key, at("192.0.2.1"), Revoked)
			if r := p.book.of(record.KeyRevoked); len(r) != 1 || r[0].Key.ID != g.ID || r[0].Key.By != "ops" || r[0].Key.Subject != nil {
				t.Errorf("on record is %+v", r)
			}
		})
	}
}

func TestWhatNobodyCanHaveSaidOfAKeyIsNotPutOnRecord(t *testing.T) {
	before := newPlace(t)
	_, g := before.issue(before.authority())
	said := func(change func(m map[string]string)) string {
		m := map[string]string{"id": g.ID, "time": g.Issued.Format("2006-01-02T15:04:05.000Z"), "why": "x", "record": record.NewID()}
		change(m)
		return fmt.Sprintf(`{"id":%q,"time":%q,"why":%q,"record":%q,"identity":{"sub":"eve"}}`, m["id"], m["time"], m["why"], m["record"])
	}
	for what, change := range map[string]func(m map[string]string){
		"no JSON":             nil,
		"no id of a record":   func(m map[string]string) { m["record"] = "not a uuid" },
		"long ago":            func(m map[string]string) { m["time"] = "0001-01-01T00:00:00Z" },
		"not yet":             func(m map[string]string) { m["time"] = "9999-01-01T00:00:00Z" },
		"more than is taken":  func(m map[string]string) { m["why"] = strings.Repeat("w", maxSaid+1) },
		"of another key":      func(m map[string]string) { m["id"] = record.NewID() },
		"what can be (eve's)": func(map[string]string) {},
	} {
		t.Run(what, func(t *testing.T) {
			text := "{"
			if change != nil {
				text = said(change)
			}
			p := overwritten(t, before, revokedRoot, g, text)
			a := p.authority()
			if _, state, err := a.Get(t.Context(), g.ID); err != nil || state != Removed {
				t.Errorf("the key is %s, %v", state, err)
			}
			if err := a.Revoke(t.Context(), Revocation{ID: g.ID, By: "ops", Why: "leaked"}); err != nil {
				t.Fatal(err)
			}
			r := p.book.of(record.KeyRevoked)
			if len(r) != 1 || (r[0].Identity != nil) != strings.Contains(what, "eve") || (r[0].Key.By == "ops") == strings.Contains(what, "eve") {
				t.Errorf("on record is %+v", r)
			}
		})
	}
}
