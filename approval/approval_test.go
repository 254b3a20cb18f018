package approval

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

func TestAnApprovedRequestRunsOnceAndTheLedgerTellsAll(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	st := mustAsk(t, s, ask("ana", "b1", 2))
	if st.Status != Pending || !st.Expires.Equal(w.clock.Add(time.Hour)) {
		t.Fatalf("a new request is %s until %v", st.Status, st.Expires)
	}
	_, err := s.Claim(t.Context(), st.ID, "b1")
	wantErr(t, err, ErrPending)
	if st := mustVote(t, s, st.ID, approver("bob"), Approve); st.Status != Pending {
		t.Fatalf("one of two approvals made it %s", st.Status)
	}
	if st := mustVote(t, s, st.ID, approver("eve"), Approve); st.Status != Approved {
		t.Fatalf("two of two approvals made it %s", st.Status)
	}
	st, err = s.Claim(t.Context(), st.ID, "b1")
	if err != nil || st.Status != Used || len(st.Votes) != 2 {
		t.Fatalf("claim: %v, %s, %d votes", err, st.Status, len(st.Votes))
	}
	_, err = s.Claim(t.Context(), st.ID, "b1")
	wantErr(t, err, ErrUsed)

	want := []string{"requested:pending", "voted:pending", "voted:pending", "decided:approved", "used:used"}
	if got := w.story(st.ID); !slices.Equal(got, want) {
		t.Fatalf("the ledger tells %v, want %v", got, want)
	}
	used := w.told(record.ApprovalUsed, st.ID)[0]
	if v := used.Approval.Votes; len(v) != 2 || v[0].Voter.Subject == v[1].Voter.Subject || v[0].Decision != "approve" {
		t.Errorf("approval.used carries the votes %v", v)
	}
	if used.Approval.Binding != "b1" || used.Approval.Requester.Subject != "ana" || used.Exchange != st.Exchange {
		t.Errorf("approval.used does not say what and whose it is: %+v", used.Approval)
	}
	asked := w.told(record.ApprovalRequested, st.ID)[0]
	if asked.Request == nil || asked.Request.Method != "POST" || asked.Request.URL != st.URL {
		t.Errorf("approval.requested does not say what was asked: %+v", asked.Request)
	}
}

func TestOneDenialDenies(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	st := mustAsk(t, s, ask("ana", "b1", 2))
	mustVote(t, s, st.ID, approver("bob"), Approve)
	if st := mustVote(t, s, st.ID, approver("eve"), Deny); st.Status != Denied {
		t.Fatalf("a denial made it %s", st.Status)
	}
	_, err := s.Vote(t.Context(), st.ID, approver("kim"), Approve, "")
	wantErr(t, err, ErrDecided)
	_, err = s.Claim(t.Context(), st.ID, "b1")
	wantErr(t, err, ErrDenied)
	if again := mustAsk(t, s, ask("ana", "b1", 2)); again.ID == st.ID {
		t.Error("a denied request was joined")
	}
}

func TestWhatDriftedFromTheApprovalIsNotClaimed(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	st := mustAsk(t, s, ask("ana", "b1", 1))
	mustVote(t, s, st.ID, approver("bob"), Approve)
	for _, binding := range []string{"", "b", "b2", "b1 "} {
		_, err := s.Claim(t.Context(), st.ID, binding)
		wantErr(t, err, ErrBinding)
	}
	if _, err := s.Claim(t.Context(), st.ID, "b1"); err != nil {
		t.Fatalf("a refused claim spent the approval: %v", err)
	}
}

func TestAResendJoinsItsOpenRequest(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	first := mustAsk(t, s, ask("ana", "b1", 1))
	same := ask("ana", "b1", 1)
	same.Policy.Values = []string{"admins", "security", "admins"} // the same policy, otherwise spelt
	if again := mustAsk(t, s, same); again.ID != first.ID {
		t.Error("a resend made a second request")
	}
	if other := mustAsk(t, w.node(t, Options{}), ask("ana", "b1", 1)); other.ID != first.ID {
		t.Error("a resend to another node, or after a restart, made a second request")
	}
	mustVote(t, s, first.ID, approver("bob"), Approve)
	if again := mustAsk(t, w.node(t, Options{}), ask("ana", "b1", 1)); again.ID != first.ID || again.Status != Approved {
		t.Errorf("a resend after the approval is %s", again.Status)
	}
	otherPolicy := ask("ana", "b1", 1)
	otherPolicy.Policy.Values = []string{"security"}
	for name, a := range map[string]Ask{"person": ask("kim", "b1", 1), "binding": ask("ana", "b2", 1), "need": ask("ana", "b1", 2), "policy": otherPolicy} {
		if got := mustAsk(t, s, a); got.ID == first.ID {
			t.Errorf("another %s joined the request", name)
		}
	}
	if _, err := s.Claim(t.Context(), first.ID, "b1"); err != nil {
		t.Fatal(err)
	}
	if again := mustAsk(t, s, ask("ana", "b1", 1)); again.ID == first.ID || again.Status != Pending {
		t.Error("a resend joined an approval that is spent")
	}
}

func TestANodeFindsWhatAnotherOpenedSinceItLooked(t *testing.T) {
	w := newWorld()
	a, b := w.node(t, Options{}), w.node(t, Options{})
	mustAsk(t, b, ask("kim", "other", 1))
	w.pass(time.Minute)
	st := mustAsk(t, a, ask("ana", "b1", 1))
	if got := mustAsk(t, b, ask("ana", "b1", 1)); got.ID != st.ID {
		t.Error("the second node made a second request")
	}
}

func TestAFrozenPolicyDecides(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	a := ask("ana", "b1", 2)
	st := mustAsk(t, s, a)
	a.Policy.Values[0], a.Policy.Need = "everyone", 1 // the caller's own copy
	st.Policy.Values[0] = "everyone"
	_, err := s.Vote(t.Context(), st.ID, voter(person("bob"), "everyone"), Approve, "")
	wantErr(t, err, ErrNotEntitled)
	if st := mustVote(t, s, st.ID, approver("eve"), Approve); st.Status != Pending {
		t.Errorf("one approval of two made it %s", st.Status)
	}
}

func TestAskRefusesWhatCannotBeDecided(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	for name, spoil := range map[string]func(*Ask){
		"nobody asks":           func(a *Ask) { a.Requester = Person{} },
		"no subject":            func(a *Ask) { a.Requester.Subject = "" },
		"no binding":            func(a *Ask) { a.Binding = "" },
		"huge binding":          func(a *Ask) { a.Binding = strings.Repeat("b", 513) },
		"no policy":             func(a *Ask) { a.Policy = Policy{} },
		"no claim":              func(a *Ask) { a.Policy.Claim = "" },
		"no values":             func(a *Ask) { a.Policy.Values = nil },
		"an empty value":        func(a *Ask) { a.Policy.Values = []string{"security", ""} },
		"nobody needed":         func(a *Ask) { a.Policy.Need = 0 },
		"fewer than nobody":     func(a *Ask) { a.Policy.Need = -1 },
		"too many needed":       func(a *Ask) { a.Policy.Need = 33 },
		"exchange is a path":    func(a *Ask) { a.Exchange = "../../x" },
		"huge identity":         func(a *Ask) { a.Identity = &record.Identity{Subject: strings.Repeat("x", 300<<10)} },
		"subject is not UTF-8":  func(a *Ask) { a.Requester.Subject = "a\xff" },
		"a value is not UTF-8":  func(a *Ask) { a.Policy.Values = []string{"a\xff"} },
		"binding is not UTF-8":  func(a *Ask) { a.Binding = "\xff" },
		"huge subject":          func(a *Ask) { a.Requester.Subject = strings.Repeat("x", 4096) },
		"claim is not UTF-8":    func(a *Ask) { a.Policy.Claim = "\xff" },
		"policy name is a book": func(a *Ask) { a.Policy.Name = strings.Repeat("x", 4096) },
	} {
		a := ask("ana", "b1", 1)
		spoil(&a)
		if _, err := s.Ask(t.Context(), a); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.ledger) != 0 || len(w.objects) != 0 {
		t.Error("a refused ask left something")
	}
}

func TestNewRefusesBoundsThatAreNone(t *testing.T) {
	w := newWorld()
	for _, o := range []Options{{Expiry: -1}, {Expiry: MaxExpiry + 1}, {MaxPending: -1}, {MaxPendingPerPerson: -1}, {Poll: -1}} {
		if _, err := New(w, w, o); err == nil {
			t.Errorf("%+v passes", o)
		}
	}
	if _, err := New(nil, w, Options{}); err == nil {
		t.Error("no store passes")
	}
	if _, err := New(w, nil, Options{}); err == nil {
		t.Error("no recorder passes")
	}
}

func TestGuessedIDsReachNoObject(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	st := mustAsk(t, s, ask("ana", "b1", 1))
	var asked []string
	w.breakIt(func(op, name string) fate { asked = append(asked, op+" "+name); return works })
	for _, id := range []string{
		"", ".", "..", "../" + st.ID, st.ID + "/", st.ID + "/request.json", strings.ToUpper(st.ID), "{" + st.ID + "}",
		"urn:uuid:" + st.ID, strings.ReplaceAll(st.ID, "-", ""), "00000000-0000-4000-8000-000000000000", "x", st.ID + "\x00",
	} {
		if _, err := s.Get(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("get %q: %v", id, err)
		}
		if _, err := s.Claim(t.Context(), id, "b1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("claim %q: %v", id, err)
		}
		if _, err := s.Vote(t.Context(), id, approver("bob"), Approve, ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("vote %q: %v", id, err)
		}
		if _, err := s.Await(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("await %q: %v", id, err)
		}
	}
	if len(asked) != 0 {
		t.Errorf("the store was asked: %v", asked)
	}
	if _, err := s.Get(t.Context(), record.NewID()); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown id: %v", err)
	}
}

func TestACallerWhoHasGoneStartsNothing(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	st := mustAsk(t, s, ask("ana", "b1", 1))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Vote(gone, st.ID, approver("bob"), Approve, "")
	wantErr(t, err, context.Canceled)
	mustVote(t, s, st.ID, approver("bob"), Approve)
	_, err = s.Claim(gone, st.ID, "b1")
	wantErr(t, err, context.Canceled)
	wantStatus(t, s, st.ID, Approved)
}

func TestWhatIsKeptForDisplayIsBounded(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	a := ask("ana", "b1", 1)
	a.Body = strings.Repeat("é", 16<<10) + "\xff"
	a.URL = strings.Repeat("u", 1<<20)
	a.Identity = &record.Identity{Subject: "a\xffna"}
	st := mustAsk(t, s, a)
	if len(st.Body) > 16<<10 || !st.BodyCut || strings.ContainsRune(st.Body, '\uFFFD') || len(st.URL) > 8<<10 {
		t.Errorf("kept %d bytes of body (cut: %v) and %d of URL", len(st.Body), st.BodyCut, len(st.URL))
	}
	b := ask("ana", "b2", 1)
	b.Body = strings.Repeat("\xff", 16<<10)
	if st := mustAsk(t, s, b); len(st.Body) > 16<<10 {
		t.Errorf("kept %d bytes of a binary body", len(st.Body))
	}
	st2, err := s.Vote(t.Context(), st.ID, approver("bob"), Deny, "no\x1b[31m\u202e way\nout\x00"+strings.Repeat("ж", 1000))
	if err != nil {
		t.Fatal(err)
	}
	reason := st2.Votes[0].Reason
	if !strings.HasPrefix(reason, "no[31m way outж") || len([]rune(reason)) > 500 {
		t.Errorf("reason %q", reason)
	}
	if got := w.told(record.ApprovalVoted, st.ID)[0].Approval.Reason; got != reason {
		t.Errorf("recorded reason %q", got)
	}
}
