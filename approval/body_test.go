package approval

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// closed stands for encryption.
func closed(id, body string) *record.Encrypted {
	return &record.Encrypted{Text: fmt.Sprintf("%d bytes of %s", len(body), id)}
}

func TestAnEncryptedBodyIsShownByTheNodeThatWasAskedOnly(t *testing.T) {
	w := newWorld()
	asked, other := w.node(t, Options{Encrypt: closed}), w.node(t, Options{Encrypt: closed})
	a := ask("ana", "b1", 2)
	a.Body = "the-plain-canary"
	st := mustAsk(t, asked, a)
	shows := func(s *Service, want string) {
		t.Helper()
		got, err := s.Get(t.Context(), st.ID)
		if err != nil || got.Body != want || got.Encrypted == nil || got.Encrypted.Text != closed(st.ID, a.Body).Text {
			t.Errorf("%v: shown is %q, want %q", err, got.Body, want)
		}
	}
	if st.Body != a.Body {
		t.Errorf("shown is %q", st.Body)
	}
	shows(asked, a.Body)
	shows(other, "")
	mustVote(t, other, st.ID, approver("bob"), Approve)
	shows(asked, a.Body) // read anew
	if again := mustAsk(t, asked, a); again.ID != st.ID || again.Body != a.Body {
		t.Errorf("asked again: %+v", again)
	}
	shows(w.node(t, Options{}), "") // a restart
	for name, object := range w.objects {
		if bytes.Contains(object, []byte(a.Body)) {
			t.Errorf("%s holds the body: %s", name, object)
		}
	}
	mustVote(t, other, st.ID, approver("eve"), Deny)
	shows(asked, "")
	if len(asked.bodies) != 0 {
		t.Errorf("%d bodies are kept of requests that ended", len(asked.bodies))
	}
}

func TestABodyIsKeptNoLongerThanItsRequestIsOpen(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{Encrypt: closed, MaxPending: 3})
	for i := range 600 {
		a := ask(fmt.Sprint("p", i), "b1", 1)
		a.Body = "plain"
		mustAsk(t, s, a)
		w.pass(40 * time.Minute) // so that two are open at a time
	}
	if n := len(s.bodies); n > s.index.most {
		t.Errorf("%d bodies are kept", n)
	}
}

func TestBodiesAreWrittenAsTheyAreUnlessEncrypted(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{Encrypt: func(string, string) *record.Encrypted { return nil }})
	a := ask("ana", "b1", 1)
	a.Body = "plain"
	st := mustAsk(t, s, a)
	if got, err := w.node(t, Options{}).Get(t.Context(), st.ID); err != nil || got.Body != "plain" || got.Encrypted != nil {
		t.Errorf("%v: %+v", err, got.Request)
	}
}
