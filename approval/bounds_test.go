package approval

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestAFloodOfAsksIsBounded(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{MaxPending: 10, MaxPendingPerPerson: 4, Poll: time.Hour})
	count := func(n int, who func(i int) string) (opened int) {
		for i := range n {
			_, err := s.Ask(t.Context(), ask(who(i), fmt.Sprint("b", i, who(i)), 1))
			switch {
			case err == nil:
				opened++
			case !errors.Is(err, ErrTooMany):
				t.Fatal(err)
			}
		}
		return opened
	}
	if got := count(50, func(int) string { return "ana" }); got != 4 {
		t.Errorf("one person opened %d requests", got)
	}
	if got := count(200, func(i int) string { return fmt.Sprint("p", i) }); got != 6 {
		t.Errorf("everybody else opened %d requests", got)
	}
	if len(w.ledger) != 10 || len(w.objects) != 10 {
		t.Errorf("the flood left %d records and %d objects", len(w.ledger), len(w.objects))
	}
	before := w.reads
	lists := 0
	w.breakIt(func(op, _ string) fate {
		if op == "list" {
			lists++
		}
		return works
	})
	count(100, func(i int) string { return fmt.Sprint("q", i) })
	if w.reads != before || lists > 300 {
		t.Errorf("100 refused asks read %d objects and listed %d times", w.reads-before, lists)
	}
	w.breakIt(nil)
	if _, err := s.Ask(t.Context(), ask("ana", "b0ana", 1)); err != nil {
		t.Errorf("a resend is refused in a flood: %v", err)
	}
	if len(s.index.known) > 10 || len(s.index.reserved) != 0 || len(s.keyed.m) != 0 {
		t.Errorf("in memory: %d, %d, %d", len(s.index.known), len(s.index.reserved), len(s.keyed.m))
	}
}

func TestAtOnceNoMoreAreOpenedThanMayBe(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{MaxPending: 5})
	together(40, func(i int) {
		if _, err := s.Ask(t.Context(), ask(fmt.Sprint("p", i), "b", 1)); err != nil && !errors.Is(err, ErrTooMany) {
			t.Error(err)
		}
	})
	if len(w.objects) > 5 {
		t.Errorf("%d opened", len(w.objects))
	}
	// Two that came at once may both have been sent away: there is room then.
	for i := range 5 {
		if _, err := s.Ask(t.Context(), ask(fmt.Sprint("q", i), "b", 1)); err != nil && !errors.Is(err, ErrTooMany) {
			t.Error(err)
		}
	}
	if len(w.objects) != 5 {
		t.Errorf("%d opened in the end", len(w.objects))
	}
}

func TestAPlaceIsFreeAgainWhenARequestEnds(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, w *world, s *Service, id string){
		"denied": func(t *testing.T, w *world, s *Service, id string) { mustVote(t, s, id, approver("bob"), Deny) },
		"used": func(t *testing.T, w *world, s *Service, id string) {
			mustVote(t, s, id, approver("bob"), Approve)
			if _, err := s.Claim(t.Context(), id, "b1"); err != nil {
				t.Fatal(err)
			}
		},
		"expired": func(t *testing.T, w *world, s *Service, id string) { w.pass(time.Hour) },
		"failed": func(t *testing.T, w *world, s *Service, id string) {
			mustVote(t, s, id, approver("bob"), Deny)
			w.breakIt(func(op, _ string) fate {
				if op == "record" {
					return fails
				}
				return works
			})
			if _, err := s.Ask(t.Context(), ask("ana", "b9", 1)); !errors.Is(err, errFault) {
				t.Fatal(err)
			}
			w.breakIt(nil)
		},
	} {
		for _, where := range []string{"here", "on another node"} {
			t.Run(name+" "+where, func(t *testing.T) {
				w := newWorld()
				s := w.node(t, Options{MaxPendingPerPerson: 1, Poll: time.Nanosecond})
				st := mustAsk(t, s, ask("ana", "b1", 1))
				if _, err := s.Ask(t.Context(), ask("ana", "b2", 1)); !errors.Is(err, ErrTooMany) {
					t.Fatal(err)
				}
				other := s
				if where != "here" {
					other = w.node(t, Options{MaxPendingPerPerson: 1})
				}
				end(t, w, other, st.ID)
				mustAsk(t, s, ask("ana", "b2", 1))
			})
		}
	}
}

func TestFinishedRequestsLeaveMemory(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{MaxPending: 20})
	for i := range 300 {
		st := mustAsk(t, s, ask("ana", fmt.Sprint("b", i), 1))
		mustVote(t, s, st.ID, approver("bob"), Deny)
		w.pass(time.Second)
	}
	if len(s.index.known) > maxFinished || len(s.index.byJoin) != 0 {
		t.Errorf("%d known, %d joinable", len(s.index.known), len(s.index.byJoin))
	}
	for i := range 300 {
		mustAsk(t, s, ask(fmt.Sprint("p", i), "b", 1))
		w.pass(time.Hour)
	}
	if n := len(s.index.known); n > 2*20+maxFinished || len(s.index.byJoin) > 40 {
		t.Errorf("%d known, %d joinable", n, len(s.index.byJoin))
	}
}

func TestListShowsOpenOnesFirstOnEveryNodeAndAfterARestart(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{Expiry: 24 * time.Hour, MaxPendingPerPerson: 500})
	var used, denied, approved, pending []string
	for i := range 130 {
		st := mustAsk(t, s, ask("ana", fmt.Sprint("b", i), 1))
		w.pass(time.Minute)
		switch {
		case i < 60:
			mustVote(t, s, st.ID, approver("bob"), Deny)
			denied = append(denied, st.ID)
		case i < 120:
			mustVote(t, s, st.ID, approver("bob"), Approve)
			if _, err := s.Claim(t.Context(), st.ID, st.Binding); err != nil {
				t.Fatal(err)
			}
			used = append(used, st.ID)
		case i < 125:
			mustVote(t, s, st.ID, approver("bob"), Approve)
			approved = append(approved, st.ID)
		default:
			pending = append(pending, st.ID)
		}
	}
	slices.Reverse(used)
	slices.Reverse(denied)
	want := slices.Concat(pending, approved, used, denied[:40])
	for name, node := range map[string]*Service{"same": s, "restarted": w.node(t, Options{})} {
		for range 2 {
			list, err := node.List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, st := range list {
				got = append(got, st.ID)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s: %d listed, want %d in order", name, len(got), len(want))
			}
		}
		before := w.reads
		if _, err := node.List(t.Context()); err != nil || w.reads != before {
			t.Errorf("%s: what did not change was read again: %d objects (%v)", name, w.reads-before, err)
		}
	}
}

func TestAnIDPrefixCoversItsTimes(t *testing.T) {
	from := time.Date(2026, 11, 14, 11, 55, 0, 0, time.UTC)
	to := from.Add(MaxExpiry)
	for _, digits := range []int{5, 7} {
		prefixes := idPrefixes(from, to, digits)
		for at := from; !at.After(to); at = at.Add(13 * time.Minute) {
			id := newID(at)
			if !validID(id) || !idTime(id).Equal(at) {
				t.Fatalf("id %s of %v", id, at)
			}
			if !slices.Contains(prefixes, id[:digits]) && !slices.Contains(prefixes, id[:8]) {
				t.Fatalf("no prefix for %s", id)
			}
		}
	}
	if n := len(idPrefixes(from, to, 5)); n > 4 {
		t.Errorf("%d listings for everything", n)
	}
}
