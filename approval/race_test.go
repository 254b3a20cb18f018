package approval

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/local"
)

// stores runs f over the store in memory and the one on disk.
func stores(t *testing.T, f func(t *testing.T, w *world, node func() *Service)) {
	over := func(t *testing.T, w *world, open func() storage.Store) {
		f(t, w, func() *Service {
			s, err := New(open(), w, Options{Now: w.now, Poll: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
	}
	t.Run("memory", func(t *testing.T) {
		w := newWorld()
		over(t, w, func() storage.Store { return w })
	})
	t.Run("disk", func(t *testing.T) {
		dir := t.TempDir()
		over(t, newWorld(), func() storage.Store {
			s, err := local.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		})
	})
}

// together runs f n times at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; f(i) })
	}
	close(start)
	wg.Wait()
}

func TestOfFiftyClaimsOneWins(t *testing.T) {
	stores(t, func(t *testing.T, w *world, node func() *Service) {
		nodes := []*Service{node(), node()}
		st := mustAsk(t, nodes[0], ask("ana", "b1", 1))
		mustVote(t, nodes[1], st.ID, approver("bob"), Approve)
		var won atomic.Int32
		together(50, func(i int) {
			switch _, err := nodes[i%2].Claim(t.Context(), st.ID, "b1"); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, ErrUsed):
				t.Error(err)
			}
		})
		if won.Load() != 1 || len(w.told(record.ApprovalUsed, st.ID)) != 1 {
			t.Errorf("%d claims won, the ledger tells %v", won.Load(), w.story(st.ID))
		}
	})
}

func TestOfManyAsksAtOnceOneRequestComes(t *testing.T) {
	stores(t, func(t *testing.T, w *world, node func() *Service) {
		s := node()
		var ids sync.Map
		together(20, func(int) {
			st, err := s.Ask(t.Context(), ask("ana", "b1", 1))
			if err != nil {
				t.Error(err)
			}
			ids.Store(st.ID, true)
		})
		n := 0
		ids.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("%d requests for one binding", n)
		}
	})
}

func TestVotesDenialsClaimsAndExpiryRaceOnTwoNodes(t *testing.T) {
	stores(t, func(t *testing.T, w *world, node func() *Service) {
		nodes := []*Service{node(), node()}
		for round := range 12 {
			st := mustAsk(t, nodes[0], ask("ana", fmt.Sprint("b", round), 2))
			var claims, denials, acked atomic.Int32
			together(16, func(i int) {
				s := nodes[i%2]
				switch {
				case i < 8: // four people, each on both nodes
					d := Approve
					if i/2 == 3 && round%2 == 0 {
						d = Deny
					}
					if _, err := s.Vote(t.Context(), st.ID, approver(fmt.Sprint("v", i/2)), d, ""); err == nil {
						acked.Add(1)
						if d == Deny {
							denials.Add(1)
						}
					}
				case i < 14:
					if _, err := s.Claim(t.Context(), st.ID, st.Binding); err == nil {
						claims.Add(1)
					}
				case round%3 == 0:
					w.pass(31 * time.Minute)
				}
			})
			end, err := nodes[0].Get(t.Context(), st.ID)
			if err != nil {
				t.Fatal(err)
			}
			other, err := nodes[1].Get(t.Context(), st.ID)
			if err != nil || other.Status != end.Status {
				t.Fatalf("one node says %s, the other %s (%v)", end.Status, other.Status, err)
			}
			decided := map[string]bool{}
			for _, r := range w.told(record.ApprovalDecided, st.ID) {
				decided[r.Approval.State] = true
			}
			switch {
			case claims.Load() > 1, claims.Load() == 1 && end.Status != Used:
				t.Fatalf("%d claims, and it is %s", claims.Load(), end.Status)
			case denials.Load() > 0 && end.Status != Denied:
				t.Fatalf("a denial was acknowledged, and it is %s", end.Status)
			case len(decided) > 1:
				t.Fatalf("the ledger tells %v", w.story(st.ID))
			case len(w.told(record.ApprovalUsed, st.ID)) != int(claims.Load()):
				t.Fatalf("%d claims, the ledger tells %v", claims.Load(), w.story(st.ID))
			case claims.Load() == 1 && len(w.told(record.ApprovalExpired, st.ID)) > 0:
				t.Fatalf("used and expired: %v", w.story(st.ID))
			case acked.Load() > 4:
				t.Fatalf("four people cast %d votes", acked.Load())
			}
		}
	})
}
