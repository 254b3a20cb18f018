package approval

import (
	"slices"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

func TestExpiry(t *testing.T) {
	t.Run("nobody decides in time", func(t *testing.T) {
		w := newWorld()
		s := w.node(t, Options{})
		st := mustAsk(t, s, ask("ana", "b1", 1))
		w.pass(time.Hour)
		_, err := s.Vote(t.Context(), st.ID, approver("bob"), Approve, "")
		wantErr(t, err, ErrExpired)
		_, err = s.Claim(t.Context(), st.ID, "b1")
		wantErr(t, err, ErrExpired)
		wantStatus(t, w.node(t, Options{}), st.ID, Expired)
		if got := w.story(st.ID); !slices.Equal(got, []string{"requested:pending", "expired:expired"}) {
			t.Errorf("the ledger tells %v", got)
		}
	})
	t.Run("nobody uses it in time", func(t *testing.T) {
		w := newWorld()
		s := w.node(t, Options{})
		st := mustAsk(t, s, ask("ana", "b1", 1))
		mustVote(t, s, st.ID, approver("bob"), Approve)
		w.pass(time.Hour)
		_, err := s.Claim(t.Context(), st.ID, "b1")
		wantErr(t, err, ErrExpired)
		wantStatus(t, w.node(t, Options{}), st.ID, Expired)
		if got := w.story(st.ID); !slices.Equal(got, []string{"requested:pending", "voted:pending", "decided:approved", "expired:expired"}) {
			t.Errorf("the ledger tells %v", got)
		}
		if again := mustAsk(t, s, ask("ana", "b1", 1)); again.ID == st.ID {
			t.Error("an expired request was joined")
		}
	})
	t.Run("the moment before, it is good", func(t *testing.T) {
		w := newWorld()
		s := w.node(t, Options{})
		st := mustAsk(t, s, ask("ana", "b1", 1))
		w.pass(time.Hour - time.Microsecond)
		mustVote(t, s, st.ID, approver("bob"), Approve)
		if _, err := s.Claim(t.Context(), st.ID, "b1"); err != nil {
			t.Error(err)
		}
	})
	t.Run("an unasked-about expiry is recorded by later asks", func(t *testing.T) {
		w := newWorld()
		s := w.node(t, Options{})
		st := mustAsk(t, s, ask("ana", "b1", 1))
		w.pass(2 * time.Hour)
		mustAsk(t, s, ask("kim", "b2", 1))
		if len(w.told(record.ApprovalExpired, st.ID)) != 1 {
			t.Error("no record of the expiry")
		}
	})
}
