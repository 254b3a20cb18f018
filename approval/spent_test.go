package approval

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// recall tells what the ledger does of requests and uses, and counts how often it
// is asked.
func (w *world) recall(times *atomic.Int32) func(context.Context, time.Time, func(string), func(string)) error {
	return func(_ context.Context, since time.Time, asked, used func(string)) error {
		times.Add(1)
		w.mu.Lock()
		ledger, fate := w.ledger, w.fate("recall", "")
		w.mu.Unlock()
		if fate != works {
			return errFault
		}
		for _, r := range ledger {
			if r.Time.Before(since) {
				continue
			}
			switch r.Type {
			case record.ApprovalRequested:
				asked(r.Approval.ID)
			case record.ApprovalUsed:
				used(r.Approval.ID)
			}
		}
		return nil
	}
}

// granted is a request that can be claimed.
func granted(t *testing.T, s *Service, binding string) string {
	t.Helper()
	st := mustAsk(t, s, ask("ana", binding, 1))
	mustVote(t, s, st.ID, approver("bob"), Approve)
	return st.ID
}

func TestAUsedRequestStaysUsedWhateverBecomesOfItsObjects(t *testing.T) {
	for name, lose := range map[string]func(w *world, id string, before map[string][]byte){
		"use.json is removed": func(w *world, id string, _ map[string][]byte) { delete(w.objects, root+id+"/"+useName) },
		"all is put back as it was approved": func(w *world, id string, before map[string][]byte) {
			w.objects = maps.Clone(before)
		},
		"all is put back as it was asked": func(w *world, id string, before map[string][]byte) {
			w.objects = map[string][]byte{root + id + "/" + requestName: before[root+id+"/"+requestName]}
		},
	} {
		for _, restarted := range []bool{false, true} {
			w := newWorld()
			var asked atomic.Int32
			s := w.node(t, Options{Recall: w.recall(&asked)})
			id := granted(t, s, "b1")
			before := maps.Clone(w.objects)
			if _, err := s.Claim(t.Context(), id, "b1"); err != nil {
				t.Fatal(err)
			}
			lose(w, id, before)
			if restarted {
				s = w.node(t, Options{Recall: w.recall(&asked)})
			}
			if _, err := s.Claim(t.Context(), id, "b1"); !errors.Is(err, ErrUsed) {
				t.Errorf("%s, restarted %v: claimed again: %v", name, restarted, err)
			}
			wantStatus(t, s, id, Used)
			if _, err := s.Vote(t.Context(), id, approver("eve"), Approve, ""); !errors.Is(err, ErrDecided) && !errors.Is(err, ErrVoted) {
				t.Errorf("%s, restarted %v: voted again: %v", name, restarted, err)
			}
			if again := mustAsk(t, s, ask("ana", "b1", 1)); again.ID == id {
				t.Errorf("%s, restarted %v: it was joined", name, restarted)
			}
			w.pass(2 * time.Hour)
			if _, err := s.List(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := len(w.told(record.ApprovalUsed, id)); n != 1 {
				t.Errorf("%s, restarted %v: %d records of a use", name, restarted, n)
			}
			if n := len(w.told(record.ApprovalExpired, id)); n != 0 && !restarted {
				t.Errorf("%s: it has expired after its use", name)
			}
			if want := int32(0); restarted {
				if want = 1; asked.Load() != want {
					t.Errorf("%s: the ledger was asked %d times", name, asked.Load())
				}
			} else if asked.Load() != want {
				t.Errorf("%s: the ledger was asked about what this process has opened", name)
			}
		}
	}
}

func TestAUseIsKnownBeforeItsRecordIsTried(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	id := granted(t, s, "b1")
	w.breakIt(func(op, name string) fate {
		if op == "record" && name == string(record.ApprovalUsed) {
			return worksButNot
		}
		return works
	})
	if _, err := s.Claim(t.Context(), id, "b1"); err == nil {
		t.Fatal("a use was claimed that the ledger did not acknowledge")
	}
	w.breakIt(nil)
	delete(w.objects, root+id+"/"+useName)
	if _, err := s.Claim(t.Context(), id, "b1"); !errors.Is(err, ErrUsed) {
		t.Errorf("claimed again: %v", err)
	}
}

func TestWhileTheLedgerCannotBeReadOnlyWhatThisProcessOpenedCanBeUsed(t *testing.T) {
	w := newWorld()
	var asked atomic.Int32
	old := granted(t, w.node(t, Options{}), "b1")
	var logged strings.Builder
	s := w.node(t, Options{Recall: w.recall(&asked), Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	w.breakIt(func(op, _ string) fate {
		if op == "recall" {
			return fails
		}
		return works
	})
	for range 3 {
		if _, err := s.Claim(t.Context(), old, "b1"); !errors.Is(err, errFault) {
			t.Errorf("claimed: %v", err)
		}
	}
	if n := strings.Count(logged.String(), errFault.Error()); n != 1 {
		t.Errorf("the log tells why %d times: %s", n, logged.String())
	}
	if n := len(w.told(record.ApprovalUsed, old)); n != 0 {
		t.Errorf("%d records of a use", n)
	}
	w.breakIt(nil)
	var wg sync.WaitGroup
	var claimed atomic.Int32
	asked.Store(0)
	for range 20 {
		wg.Go(func() {
			if _, err := s.Claim(t.Context(), old, "b1"); err == nil {
				claimed.Add(1)
			}
		})
	}
	wg.Wait()
	if claimed.Load() != 1 || asked.Load() != 1 {
		t.Errorf("claimed %d times, the ledger was read %d times", claimed.Load(), asked.Load())
	}
}

func TestWhatWasUsedIsForgottenOnceItsTimeIsOver(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	for i := range 40 {
		id := granted(t, s, "b"+strings.Repeat("x", i))
		if _, err := s.Claim(t.Context(), id, "b"+strings.Repeat("x", i)); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Minute)
	}
	if used, opened := len(s.spent.used.ids), len(s.spent.opened.ids); used > 8 || used < 3 || opened > 8 || opened < 3 {
		t.Errorf("%d used and %d opened ones are remembered", used, opened)
	}
	// One that was asked when there was more time is not used unremembered.
	long := w.node(t, Options{Expiry: 24 * time.Hour})
	id := granted(t, long, "long")
	w.pass(2 * time.Hour)
	if _, err := s.Claim(t.Context(), id, "long"); !errors.Is(err, ErrExpired) {
		t.Errorf("claimed: %v", err)
	}
}

func TestARequestThatTheLedgerDoesNotKnowIsNotClaimed(t *testing.T) {
	w := newWorld()
	var asked atomic.Int32
	s := w.node(t, Options{Recall: w.recall(&asked)})
	id := granted(t, s, "b1")
	// Somebody shows the approvers another body, under an id that it has.
	forged, err := decode[Request](w.objects[root+id+"/"+requestName])
	if err != nil {
		t.Fatal(err)
	}
	forged.Body = `{"amount":1}`
	if forged.ID, err = forged.idOf(); err != nil {
		t.Fatal(err)
	}
	if err := create(t.Context(), s, forged.ID, requestName, forged); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Vote(t.Context(), forged.ID, approver("bob"), Approve, ""); !errors.Is(err, ErrDamaged) {
		t.Errorf("it takes a vote: %v", err)
	}
	for _, node := range []*Service{s, w.node(t, Options{Recall: w.recall(&asked)})} {
		if _, err := node.Claim(t.Context(), forged.ID, "b1"); !errors.Is(err, ErrDamaged) {
			t.Errorf("claimed: %v", err)
		}
	}
	if n := len(w.told(record.ApprovalUsed, forged.ID)); n != 0 {
		t.Errorf("%d records of a use", n)
	}
	if _, err := s.Claim(t.Context(), id, "b1"); err != nil {
		t.Errorf("what was asked is not claimed: %v", err)
	}
}

func TestWhatAnotherLedgerKnowsIsClaimedInASharedStoreOnly(t *testing.T) {
	for _, shared := range []bool{false, true} {
		w := newWorld()
		nothing := func(context.Context, time.Time, func(string), func(string)) error { return nil }
		here := w.node(t, Options{Recall: nothing, Shared: shared})
		id := granted(t, w.node(t, Options{Recall: nothing, Shared: shared}), "b1")
		switch _, err := here.Claim(t.Context(), id, "b1"); {
		case shared && err != nil:
			t.Errorf("what another node was asked is not claimed: %v", err)
		case !shared && !errors.Is(err, ErrDamaged):
			t.Errorf("what this node was not asked is claimed: %v", err)
		}
		if shared {
			continue
		}
		if _, err := here.Vote(t.Context(), id, approver("eve"), Deny, ""); !errors.Is(err, ErrDamaged) {
			t.Errorf("it takes a vote: %v", err)
		}
		again := mustAsk(t, here, ask("ana", "b1", 1))
		if again.ID == id {
			t.Fatal("asked again, it is the same")
		}
		mustVote(t, here, again.ID, approver("bob"), Approve)
		if _, err := here.Claim(t.Context(), again.ID, "b1"); err != nil {
			t.Errorf("asked again, it is not claimed: %v", err)
		}
	}
}

func TestWhatAnotherLedgersServiceOpenedIsVotedOnHereAndClaimedThere(t *testing.T) {
	w := newWorld()
	nothing := func(context.Context, time.Time, func(string), func(string)) error { return nil }
	memory := new(Memory)
	before, after := w.node(t, Options{Recall: nothing, Memory: memory}), w.node(t, Options{Recall: nothing, Memory: memory})
	id := mustAsk(t, before, ask("ana", "b1", 1)).ID
	mustVote(t, after, id, approver("bob"), Approve)
	if again := mustAsk(t, after, ask("ana", "b1", 1)); again.ID == id {
		t.Error("asked under another ledger, it is the same")
	}
	if _, err := after.Claim(t.Context(), id, "b1"); !errors.Is(err, ErrDamaged) {
		t.Errorf("claimed under another ledger: %v", err)
	}
	objects := maps.Clone(w.objects)
	if _, err := before.Claim(t.Context(), id, "b1"); err != nil {
		t.Errorf("not claimed under its own: %v", err)
	}
	w.objects = objects
	wantStatus(t, after, id, Used)
	if _, err := after.Claim(t.Context(), id, "b1"); !errors.Is(err, ErrUsed) {
		t.Errorf("claimed after its use: %v", err)
	}
}
