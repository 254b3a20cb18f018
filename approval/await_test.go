package approval

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAllWhoWaitWakeWhenItIsDecided(t *testing.T) {
	for _, d := range []Decision{Approve, Deny} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			s := w.node(t, Options{Poll: time.Hour}) // nobody comes to poll
			st := mustAsk(t, s, ask("ana", "b1", 1))
			got := make(chan State, 100)
			for range 100 {
				go func() {
					st, err := s.Await(t.Context(), st.ID)
					if err != nil {
						t.Error(err)
					}
					got <- st
				}()
			}
			synctest.Wait()
			began := time.Now()
			want := mustVote(t, s, st.ID, approver("bob"), d).Status
			for range 100 {
				if st := <-got; st.Status != want || len(st.Votes) != 1 {
					t.Errorf("woke to %s with %d votes", st.Status, len(st.Votes))
				}
			}
			if time.Since(began) != 0 {
				t.Error("they were woken by the clock, not by the vote")
			}
			if len(s.waiting) != 0 {
				t.Error("something is left of those who waited")
			}
		})
	}
}

func TestAWaitSeesAnotherNodesVoteAtThePollAndFewLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		here, there := w.node(t, Options{Poll: time.Second}), w.node(t, Options{})
		st := mustAsk(t, here, ask("ana", "b1", 1))
		got := make(chan Status, 50)
		for range 50 {
			go func() {
				st, err := here.Await(t.Context(), st.ID)
				if err != nil {
					t.Error(err)
				}
				got <- st.Status
			}()
		}
		synctest.Wait()
		looks := 0
		w.breakIt(func(op, _ string) fate {
			if op == "list" {
				looks++
			}
			return works
		})
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if looks != 10 {
			t.Errorf("50 who wait looked %d times in 10 s", looks)
		}
		w.breakIt(nil)
		mustVote(t, there, st.ID, approver("bob"), Approve)
		for range 50 {
			if got := <-got; got != Approved {
				t.Errorf("woke to %s", got)
			}
		}
	})
}

func TestAWaitEndsWithTheCallersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.node(t, Options{})
		st := mustAsk(t, s, ask("ana", "b1", 2))
		mustVote(t, s, st.ID, approver("bob"), Approve)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		got, err := s.Await(ctx, st.ID)
		if !errors.Is(err, context.DeadlineExceeded) || got.Status != Pending || len(got.Votes) != 1 {
			t.Errorf("after the wait: %v, %s, %d votes", err, got.Status, len(got.Votes))
		}
	})
}

func TestAWaitEndsAtTheExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.node(t, Options{})
		st := mustAsk(t, s, ask("ana", "b1", 1))
		go w.pass(time.Hour)
		got, err := s.Await(t.Context(), st.ID)
		if err != nil || got.Status != Expired {
			t.Errorf("%s, %v", got.Status, err)
		}
	})
}

func TestAWaitOutlastsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.node(t, Options{Poll: time.Second})
		st := mustAsk(t, s, ask("ana", "b1", 1))
		w.breakIt(func(string, string) fate { return fails })
		voted := make(chan struct{})
		time.AfterFunc(10*time.Second, func() {
			defer close(voted)
			w.breakIt(nil)
			mustVote(t, w.node(t, Options{}), st.ID, approver("bob"), Approve)
		})
		got, err := s.Await(t.Context(), st.ID)
		if err != nil || got.Status != Approved {
			t.Errorf("%s, %v", got.Status, err)
		}
		<-voted

		w.breakIt(func(string, string) fate { return fails })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err = s.Await(ctx, st.ID); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errFault) {
			t.Errorf("a wait through an outage does not tell of it: %v", err)
		}
	})
}

func TestAWaitOnWhatIsDecidedReturnsAtOnce(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{Poll: time.Hour})
	st := mustAsk(t, s, ask("ana", "b1", 1))
	mustVote(t, s, st.ID, approver("bob"), Approve)
	if got, err := s.Await(t.Context(), st.ID); err != nil || got.Status != Approved {
		t.Errorf("%s, %v", got.Status, err)
	}
}
