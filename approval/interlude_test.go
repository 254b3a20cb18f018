package approval

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// Each of these puts what one node does between two steps of another.

func TestAClaimThatAnotherNodeBeatsIsToldSo(t *testing.T) {
	w := newWorld()
	here, there := w.node(t, Options{}), w.node(t, Options{})
	id := approved(t, w, here)
	w.interlude("/use.json", func() {
		if _, err := there.Claim(t.Context(), id, "b1"); err != nil {
			t.Error(err)
		}
	})
	_, err := here.Claim(t.Context(), id, "b1")
	wantErr(t, err, ErrUsed)
	if n := len(w.told(record.ApprovalUsed, id)); n != 1 {
		t.Errorf("used is told %d times", n)
	}
}

func TestAClaimThatTheExpiryBeatsRunsNothing(t *testing.T) {
	w := newWorld()
	here, there := w.node(t, Options{}), w.node(t, Options{})
	id := approved(t, w, here)
	w.interlude("/use.json", func() {
		w.pass(time.Hour)
		wantStatus(t, there, id, Expired)
	})
	_, err := here.Claim(t.Context(), id, "b1")
	wantErr(t, err, ErrExpired)
	if got := w.story(id); slices.Contains(got, "used:used") {
		t.Errorf("the ledger tells %v", got)
	}
}

func TestAVoteCastTwiceOnTwoNodesCountsAsItFirstStood(t *testing.T) {
	w := newWorld()
	here, there := w.node(t, Options{}), w.node(t, Options{})
	id := mustAsk(t, here, ask("ana", "b1", 2)).ID
	w.interlude("/"+person("bob").key()+".json", func() {
		mustVote(t, there, id, approver("bob"), Approve)
	})
	_, err := here.Vote(t.Context(), id, approver("bob"), Deny, "")
	wantErr(t, err, ErrVoted)
	wantStatus(t, here, id, Pending)
}

func TestAVoteTooLateToCountIsToldSoAndStandsInTheRecordOfUse(t *testing.T) {
	for _, d := range []Decision{Approve, Deny} {
		w := newWorld()
		here, there := w.node(t, Options{}), w.node(t, Options{})
		id := pending(t, w, here)
		w.interlude("/"+person("eve").key()+".json", func() {
			mustVote(t, there, id, approver("bob"), Approve)
		})
		st, err := here.Vote(t.Context(), id, approver("eve"), d, "")
		wantErr(t, err, ErrDecided)
		if st.Status != Approved {
			t.Errorf("the late vote is told the request is %s", st.Status)
		}
		if _, err := here.Claim(t.Context(), id, "b1"); err != nil {
			t.Fatal(err)
		}
		if v := w.told(record.ApprovalUsed, id)[0].Approval.Votes; len(v) != 2 {
			t.Errorf("approval.used carries %d votes of 2", len(v))
		}
		if v := w.told(record.ApprovalDecided, id)[0].Approval.Votes; len(v) != 1 {
			t.Errorf("approval.decided carries %d votes, 1 counted", len(v))
		}
	}
}

func TestAVoteThatTheExpiryBeatsIsToldSo(t *testing.T) {
	w := newWorld()
	here, there := w.node(t, Options{}), w.node(t, Options{})
	id := pending(t, w, here)
	w.interlude("/"+person("bob").key()+".json", func() {
		w.pass(time.Hour)
		wantStatus(t, there, id, Expired)
	})
	_, err := here.Vote(t.Context(), id, approver("bob"), Approve, "")
	wantErr(t, err, ErrExpired)
	wantStatus(t, here, id, Expired)
}

func TestAPlaceIsHeldWhileARequestIsBeingOpened(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{MaxPending: 1})
	w.interlude(string(record.ApprovalRequested), func() {
		_, err := s.Ask(t.Context(), ask("kim", "b2", 1))
		wantErr(t, err, ErrTooMany)
	})
	mustAsk(t, s, ask("ana", "b1", 1))
}

func TestADecisionThatIsNotRecordedIsShownToNobody(t *testing.T) {
	for _, d := range []Decision{Approve, Deny} {
		w := newWorld()
		s := w.node(t, Options{})
		id := pending(t, w, s)
		w.interlude(string(record.ApprovalDecided), func() {
			w.breakIt(func(op, _ string) fate {
				if op == "record" {
					return fails
				}
				return works
			})
		})
		_, err := s.Vote(t.Context(), id, approver("bob"), d, "")
		wantErr(t, err, errFault)
		list, err := w.node(t, Options{}).List(t.Context())
		if err != nil || len(list) != 1 || list[0].Status != Pending {
			t.Errorf("listed as %v (%v)", list, err)
		}
		_, err = s.Get(t.Context(), id)
		wantErr(t, err, errFault)
		_, err = s.Claim(t.Context(), id, "b1")
		wantErr(t, err, errFault)
	}
}

// torn is a store whose next listings miss one object.
type torn struct {
	*world
	hide  string
	times int
}

func (s *torn) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		hide := s.times > 0
		s.times--
		for name, err := range s.world.List(ctx, prefix) {
			if hide && strings.HasSuffix(name, s.hide) {
				continue
			}
			if !yield(name, err) {
				return
			}
		}
	}
}

func TestAListingMadeWhileObjectsComeInIsNotTakenForDamage(t *testing.T) {
	for _, hide := range []string{"/request.json", "/decision.json", "/approved.json", person("bob").key() + ".json"} {
		w := newWorld()
		id := approved(t, w, w.node(t, Options{}))
		if _, err := w.node(t, Options{}).Claim(t.Context(), id, "b1"); err != nil {
			t.Fatal(err)
		}
		s, err := New(&torn{w, hide, 2}, w, Options{Now: w.now})
		if err != nil {
			t.Fatal(err)
		}
		if st, err := s.Get(t.Context(), id); err != nil || st.Status != Used {
			t.Errorf("without %s for a moment: %s, %v", hide, st.Status, err)
		}
	}
}

func TestANodeWhoseClockIsBehindIsFoundToo(t *testing.T) {
	w := newWorld()
	ahead := w.node(t, Options{})
	mustAsk(t, ahead, ask("kim", "b0", 1))
	behind := w.node(t, Options{Now: func() time.Time { return w.now().Add(-4 * time.Minute) }})
	w.pass(time.Second)
	for i := range 20 { // some fall beyond the edge of an id prefix
		binding := fmt.Sprint("b", i, "x")
		st := mustAsk(t, behind, ask("ana", binding, 1))
		if got := mustAsk(t, ahead, ask("ana", binding, 1)); got.ID != st.ID {
			t.Fatal("a request of a node whose clock is behind was not joined")
		}
		mustVote(t, ahead, st.ID, approver("bob"), Deny)
		w.pass(time.Minute)
	}
}

func TestAVoterTooLargeToWriteDownLeavesNoRecord(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	id := pending(t, w, s)
	v := approver("bob")
	v.Identity = &record.Identity{Subject: "bob", Groups: []string{strings.Repeat("g", 300<<10)}}
	_, err := s.Vote(t.Context(), id, v, Approve, "")
	wantErr(t, err, ErrInvalid)
	if len(w.told(record.ApprovalVoted, id)) != 0 {
		t.Error("it is in the ledger")
	}
}

func TestAListInAnOutageOfTheLedgerIsBounded(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	for i := range 130 {
		mustAsk(t, s, ask(fmt.Sprint("p", i), "b", 1))
	}
	w.pass(time.Hour)
	w.breakIt(func(op, _ string) fate {
		if op == "record" {
			return fails
		}
		return works
	})
	if list, err := s.List(t.Context()); err != nil || len(list) > maxFinished {
		t.Errorf("%d listed, %v", len(list), err)
	}
	w.breakIt(nil)
	for range 4 {
		if _, err := s.List(t.Context()); err != nil && !errors.Is(err, errFault) {
			t.Fatal(err)
		}
	}
	expired := 0
	for _, r := range w.ledger {
		if r.Type == record.ApprovalExpired {
			expired++
		}
	}
	if expired != 130 {
		t.Errorf("%d of 130 expiries are told", expired)
	}
}
