package approval

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

// twoOfTwo is an approved request with all its objects, another one to take
// objects from, and where they lie.
func twoOfTwo(t *testing.T) (w *world, id, other string) {
	w = newWorld()
	s := w.node(t, Options{})
	for _, b := range []string{"b1", "b2"} {
		st := mustAsk(t, s, ask("ana", b, 2))
		mustVote(t, s, st.ID, approver("bob"), Approve)
		mustVote(t, s, st.ID, approver("eve"), Approve)
		id, other = other, st.ID
	}
	return w, id, other
}

func TestADamagedObjectIsNeverAnApproval(t *testing.T) {
	bob := "votes/" + person("bob").key() + ".json"
	change := func(name string, f func(b []byte) []byte) func(w *world, id, other string) {
		return func(w *world, id, other string) {
			b := bytes.Clone(w.objects[root+id+"/"+name])
			w.objects[root+id+"/"+name] = f(b)
		}
	}
	replace := func(name, old, new string) func(w *world, id, other string) {
		return change(name, func(b []byte) []byte {
			if !bytes.Contains(b, []byte(old)) {
				panic("no " + old + " in " + string(b))
			}
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		})
	}
	lost := func(name string) func(w *world, id, other string) {
		return func(w *world, id, other string) { delete(w.objects, root+id+"/"+name) }
	}
	borrowed := func(name string) func(w *world, id, other string) {
		return func(w *world, id, other string) { w.objects[root+id+"/"+name] = w.objects[root+other+"/"+name] }
	}
	forge := func(name string, f func(id string) any) func(w *world, id, other string) {
		return func(w *world, id, other string) {
			b, err := json.Marshal(f(id))
			if err != nil {
				panic(err)
			}
			w.objects[root+id+"/"+name] = b
		}
	}
	otherwise := func(f func(r *Request)) func(w *world, id, other string) {
		return change("request.json", func(b []byte) []byte {
			r, err := decode[Request](b)
			if err != nil {
				panic(err)
			}
			f(&r)
			if b, err = encode(r); err != nil {
				panic(err)
			}
			return b
		})
	}
	for name, damage := range map[string]func(w *world, id, other string){
		"request cut":                change("request.json", func(b []byte) []byte { return b[:len(b)/2] }),
		"request empty":              change("request.json", func([]byte) []byte { return nil }),
		"request null":               change("request.json", func([]byte) []byte { return []byte("null") }),
		"request lost":               lost("request.json"),
		"request of another":         borrowed("request.json"),
		"request needs nobody":       replace("request.json", `"need":2`, `"need":0`),
		"request needs less, twice":  replace("request.json", `"need":2`, `"need":2,"need":1`),
		"request with a new name":    replace("request.json", `"need":2`, `"need":2,"veto":true`),
		"request with NEED":          replace("request.json", `"need":2`, `"NEED":2`),
		"request with space":         replace("request.json", `"need":2`, `"need": 2`),
		"request and more":           change("request.json", func(b []byte) []byte { return append(b, '{', '}') }),
		"request and a newline":      change("request.json", func(b []byte) []byte { return append(b, '\n') }),
		"request without binding":    replace("request.json", `"binding":"b1"`, `"binding":""`),
		"request needs one":          otherwise(func(r *Request) { r.Policy.Need = 1 }),
		"request of other voters":    otherwise(func(r *Request) { r.Policy.Values = append(r.Policy.Values, "friends") }),
		"request of somebody else":   otherwise(func(r *Request) { r.Requester = person("zoe") }),
		"request of another body":    otherwise(func(r *Request) { r.Body = `{"amount":1}` }),
		"request of an unseen body":  otherwise(func(r *Request) { r.Body, r.Encrypted = "", new(record.Encrypted) }),
		"request of another address": otherwise(func(r *Request) { r.URL += "?dry_run" }),
		"request of another salt":    otherwise(func(r *Request) { r.Salt += "A" }),
		"request for ever":           replace("request.json", `"expires":"2026`, `"expires":"2036`),
		"request huge": change("request.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"host":"`), []byte(`"host":"`+strings.Repeat("x", 1<<20)), 1)
		}),
		"vote cut":             change(bob, func(b []byte) []byte { return b[:len(b)-1] }),
		"vote lost":            lost(bob),
		"vote of another":      borrowed(bob),
		"vote says yes":        replace(bob, `"decision":"approve"`, `"decision":"yes"`),
		"vote denies":          replace(bob, `"decision":"approve"`, `"decision":"deny"`),
		"vote of the asker":    replace(bob, `"email":"bob@example.com"`, `"email":"ANA@example.com"`),
		"vote of another name": replace(bob, `"sub":"bob"`, `"sub":"bab"`),
		"vote outside":         replace(bob, `"via":"security"`, `"via":"friends"`),
		"vote after the end":   replace(bob, `"time":"2026`, `"time":"2027`),
		"vote without record":  replace(bob, `"record":"`, `"record":"x`),
		"votes of one person":  replace(bob, `"email":"bob@example.com"`, `"email":"eve@example.com"`),
		"decision cut":         change("decision.json", func(b []byte) []byte { return b[1:] }),
		"decision lost":        lost("decision.json"),
		"decision of another":  borrowed("decision.json"),
		"decision used":        replace("decision.json", `"outcome":"approved"`, `"outcome":"used"`),
		"decision on no votes": forge("decision.json", func(id string) any {
			return verdict{Request: id, Outcome: Approved, Time: newWorld().clock, Record: record.NewID()}
		}),
		"mark of another":    borrowed("approved.json"),
		"mark of the denied": forge("denied.json", func(id string) any { return mark{id, record.NewID()} }),
		"use empty":          change("use.json", func([]byte) []byte { return nil }),
		"use of another": forge("use.json", func(string) any {
			return verdict{Request: record.NewID(), Outcome: Used, Time: newWorld().clock, Record: record.NewID()}
		}),
		"use approved": forge("use.json", func(id string) any {
			return verdict{Request: id, Outcome: Approved, Time: newWorld().clock, Record: record.NewID()}
		}),
		"a stranger":       change("note.txt", func([]byte) []byte { return []byte("hello") }),
		"a strange vote":   change("votes/x.json", func([]byte) []byte { return []byte("{}") }),
		"thousand objects": func(w *world, id, _ string) { flood(w, id) },
	} {
		t.Run(name, func(t *testing.T) {
			w, id, other := twoOfTwo(t)
			damage(w, id, other)
			s := w.node(t, Options{})
			st, err := s.Get(t.Context(), id)
			wantErr(t, err, ErrDamaged)
			if st.Status != "" {
				t.Errorf("it is shown as %s", st.Status)
			}
			_, err = s.Claim(t.Context(), id, "b1")
			wantErr(t, err, ErrDamaged)
			_, err = s.Vote(t.Context(), id, approver("kim"), Approve, "")
			wantErr(t, err, ErrDamaged)
			_, err = s.Await(t.Context(), id)
			wantErr(t, err, ErrDamaged)
			if len(w.told(record.ApprovalUsed, id)) > 0 {
				t.Error("it was used")
			}

			list, err := s.List(t.Context())
			if err != nil || len(list) != 1 || list[0].ID != other {
				t.Errorf("one damaged request keeps the others from being listed: %v, %d", err, len(list))
			}
			again := mustAsk(t, s, ask("ana", "b1", 2))
			if again.ID == id || again.Status != Pending {
				t.Error("asking again does not help")
			}
			if _, err := s.Claim(t.Context(), other, "b2"); err != nil {
				t.Errorf("the other one cannot be claimed: %v", err)
			}
		})
	}
}

func flood(w *world, id string) {
	for range 1001 {
		w.objects[root+id+"/votes/"+hash(record.NewID())+".json"] = []byte("{}")
	}
}

func TestARequestDamagedWhileItIsRememberedIsNotJoined(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	st := mustAsk(t, s, ask("ana", "b1", 1))
	w.objects[root+st.ID+"/stranger"] = nil
	if again := mustAsk(t, s, ask("ana", "b1", 1)); again.ID == st.ID {
		t.Error("a damaged request was joined")
	}
}

func FuzzObjectsAreReadAsWrittenOrNotAtAll(f *testing.F) {
	w, id, _ := func() (*world, string, string) {
		w := newWorld()
		s, err := New(w, w, Options{Now: w.now})
		if err != nil {
			f.Fatal(err)
		}
		st := mustAsk(f, s, ask("ana", "b1", 1))
		mustVote(f, s, st.ID, approver("bob"), Approve)
		if _, err := s.Claim(f.Context(), st.ID, "b1"); err != nil {
			f.Fatal(err)
		}
		return w, st.ID, ""
	}()
	for name, b := range w.objects {
		if strings.Contains(name, id) {
			f.Add(b)
		}
	}
	for _, s := range []string{"", "null", "{}", "[]", `{"request":1}`, `{"need":1e400}`, "{\"id\":\"\xff\"}", `{"id":"\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		roundTrip[Request](t, b)
		roundTrip[ballot](t, b)
		roundTrip[verdict](t, b)
		roundTrip[mark](t, b)
		if r, err := decode[Request](b); err == nil {
			fs := &facts{request: r}
			if fs.check(r.ID) == nil && fs.status(r.Created) != Pending {
				t.Error("a request alone is more than pending")
			}
		}
	})
}

func roundTrip[T any](t *testing.T, b []byte) {
	v, err := decode[T](b)
	if err != nil {
		return
	}
	again, err := encode(v)
	if err != nil && !errors.Is(err, ErrInvalid) || err == nil && !bytes.Equal(again, b) {
		t.Errorf("%q was read, and written as %q (%v)", b, again, err)
	}
}
