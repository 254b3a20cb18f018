package approval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// die makes the k-th write (object or record) the last thing that happens:
// before it or after it the process dies, and nothing works until revived.
func die(w *world, k int, last fate) {
	n := 0
	w.breakIt(func(op, _ string) fate {
		if op == "create" || op == "record" {
			n++
		}
		if n > k || n == k && last == fails && (op == "create" || op == "record") {
			return fails
		}
		if n == k && (op == "create" || op == "record") {
			n++ // the next look dies too
			return worksButNot
		}
		return works
	})
}

// scene is something that is cut short at every write.
type scene struct {
	name    string
	before  func(t *testing.T, w *world, s *Service) string // works, returns the id
	act     func(t *testing.T, w *world, s *Service, id string) error
	allowed map[string]Status // after "<k> before" or "<k> after": what it is then
	told    map[string]string // and what the ledger tells then, from the act on
}

func pending(t *testing.T, w *world, s *Service) string {
	return mustAsk(t, s, ask("ana", "b1", 1)).ID
}

func approved(t *testing.T, w *world, s *Service) string {
	id := pending(t, w, s)
	mustVote(t, s, id, approver("bob"), Approve)
	return id
}

func TestACrashBetweenAnyTwoSteps(t *testing.T) {
	for _, sc := range []scene{
		{
			name: "vote", before: pending,
			act: func(t *testing.T, w *world, s *Service, id string) error {
				_, err := s.Vote(t.Context(), id, approver("bob"), Approve, "")
				return err
			},
			allowed: map[string]Status{
				"1 before": Pending, "1 after": Pending, // the record
				"2 before": Pending, "2 after": Approved, // the vote
				"3 before": Approved, "3 after": Approved, // the decision
				"4 before": Approved, "4 after": Approved, // its record
				"5 before": Approved, "5 after": Approved, // its mark
			},
			told: map[string]string{
				"1 before": "", "1 after": "voted:pending", "2 before": "voted:pending",
				"2 after": "voted:pending decided:approved", "3 before": "voted:pending decided:approved",
				"3 after": "voted:pending decided:approved", "4 before": "voted:pending decided:approved",
				"4 after":  "voted:pending decided:approved decided:approved",
				"5 before": "voted:pending decided:approved decided:approved", "5 after": "voted:pending decided:approved",
			},
		},
		{
			name: "denial", before: pending,
			act: func(t *testing.T, w *world, s *Service, id string) error {
				_, err := s.Vote(t.Context(), id, approver("bob"), Deny, "")
				return err
			},
			allowed: map[string]Status{
				"1 before": Pending, "1 after": Pending, "2 before": Pending, "2 after": Denied, "3 before": Denied,
				"3 after": Denied, "4 before": Denied, "4 after": Denied, "5 before": Denied, "5 after": Denied,
			},
		},
		{
			name: "claim", before: approved,
			act: func(t *testing.T, w *world, s *Service, id string) error {
				_, err := s.Claim(t.Context(), id, "b1")
				return err
			},
			allowed: map[string]Status{"1 before": Approved, "1 after": Used, "2 before": Used, "2 after": Used},
			told:    map[string]string{"1 before": "", "1 after": "", "2 before": "", "2 after": "used:used"},
		},
		{
			name: "expiry undecided", before: pending,
			act: func(t *testing.T, w *world, s *Service, id string) error {
				w.pass(time.Hour)
				_, err := s.Get(t.Context(), id)
				return err
			},
			allowed: map[string]Status{
				"1 before": Expired, "1 after": Expired, "2 before": Expired, "2 after": Expired, "3 before": Expired, "3 after": Expired,
			},
			told: map[string]string{
				"1 before": "expired:expired", "1 after": "expired:expired", "2 before": "expired:expired",
				"2 after": "expired:expired expired:expired", "3 before": "expired:expired expired:expired", "3 after": "expired:expired",
			},
		},
		{
			name: "expiry unused", before: approved,
			act: func(t *testing.T, w *world, s *Service, id string) error {
				w.pass(time.Hour)
				_, err := s.Get(t.Context(), id)
				return err
			},
			allowed: map[string]Status{
				"1 before": Expired, "1 after": Expired, "2 before": Expired, "2 after": Expired, "3 before": Expired, "3 after": Expired,
			},
		},
	} {
		for at, want := range sc.allowed {
			t.Run(sc.name+" "+at, func(t *testing.T) {
				w := newWorld()
				s := w.node(t, Options{})
				id := sc.before(t, w, s)
				start := len(w.story(id))
				var k int
				var side string
				fmt.Sscan(at, &k, &side)
				die(w, k, map[string]fate{"before": fails, "after": worksButNot}[side])
				if err := sc.act(t, w, s, id); !errors.Is(err, errFault) {
					t.Fatalf("the crash went unnoticed: %v", err)
				}
				w.breakIt(nil)

				again := w.node(t, Options{})
				wantStatus(t, again, id, want)
				if told, ok := sc.told[at]; ok && strings.Join(w.story(id)[start:], " ") != told {
					t.Errorf("the ledger tells %v", w.story(id)[start:])
				}
				for _, typ := range []record.Type{record.ApprovalDecided, record.ApprovalExpired} {
					if told := w.told(typ, id); len(told) == 2 && told[0].ID != told[1].ID {
						t.Errorf("%s is told twice as two events", typ)
					}
				}
				_, err := again.Claim(t.Context(), id, "b1")
				if (err == nil) != (want == Approved) {
					t.Errorf("it is %s, a claim says %v", want, err)
				}
			})
		}
	}
}

func TestACrashWhileAskingIsMendedByAskingAgain(t *testing.T) {
	for at, want := range map[string]struct {
		requested int // records
		objects   int
	}{
		"1 before": {1, 1}, "1 after": {2, 1}, "2 before": {2, 1}, "2 after": {1, 1},
	} {
		w := newWorld()
		var k int
		var side string
		fmt.Sscan(at, &k, &side)
		die(w, k, map[string]fate{"before": fails, "after": worksButNot}[side])
		if _, err := w.node(t, Options{}).Ask(t.Context(), ask("ana", "b1", 1)); !errors.Is(err, errFault) {
			t.Fatalf("%s: the crash went unnoticed: %v", at, err)
		}
		w.breakIt(nil)
		s := w.node(t, Options{})
		st := mustAsk(t, s, ask("ana", "b1", 1))
		if len(w.ledger) != want.requested || len(w.objects) != want.objects {
			t.Errorf("%s: %d records, %d objects", at, len(w.ledger), len(w.objects))
		}
		mustVote(t, s, st.ID, approver("bob"), Approve)
		if _, err := s.Claim(t.Context(), st.ID, "b1"); err != nil {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestACallerWhoGoesInTheMiddleLeavesNothingHalfDone(t *testing.T) {
	for _, step := range []string{"create", "record"} {
		w := newWorld()
		s := w.node(t, Options{})
		run := func(f func(ctx context.Context) error) {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w.breakIt(func(op, _ string) fate {
				if op == step {
					cancel()
				}
				return works
			})
			if err := f(ctx); err != nil {
				t.Errorf("gone at a %s: %v", step, err)
			}
		}
		var id string
		run(func(ctx context.Context) error {
			st, err := s.Ask(ctx, ask("ana", "b1", 1))
			id = st.ID
			return err
		})
		run(func(ctx context.Context) error {
			_, err := s.Vote(ctx, id, approver("bob"), Approve, "")
			return err
		})
		run(func(ctx context.Context) error {
			_, err := s.Claim(ctx, id, "b1")
			return err
		})
		if got := w.story(id); len(got) != 4 {
			t.Errorf("the ledger tells %v", got)
		}
		id = pending(t, w, s)
		w.pass(time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		w.breakIt(func(op, name string) fate {
			if op == "record" {
				cancel()
			}
			return works
		})
		_, err := s.Get(ctx, id) // may fail, but not half way
		w.breakIt(nil)
		wantStatus(t, w.node(t, Options{}), id, Expired)
		if n := len(w.told(record.ApprovalExpired, id)); n != 1 {
			t.Errorf("the expiry is told %d times (%v)", n, err)
		}
	}
}

func TestWithTheLedgerDownNothingMoves(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	waiting := pending(t, w, s)
	good := mustAsk(t, s, ask("ana", "b2", 1)).ID
	mustVote(t, s, good, approver("bob"), Approve)
	down := func(op, _ string) fate {
		if op == "record" {
			return fails
		}
		return works
	}
	w.breakIt(down)
	if _, err := s.Ask(t.Context(), ask("kim", "b3", 1)); !errors.Is(err, errFault) {
		t.Errorf("ask: %v", err)
	}
	for range 3 {
		if _, err := s.Vote(t.Context(), waiting, approver("bob"), Approve, ""); !errors.Is(err, errFault) {
			t.Errorf("vote: %v", err)
		}
	}
	wantStatus(t, s, waiting, Pending)
	if _, err := s.Claim(t.Context(), good, "b2"); !errors.Is(err, errFault) {
		t.Errorf("claim: %v", err)
	}
	w.pass(time.Hour)
	if _, err := s.Get(t.Context(), waiting); !errors.Is(err, errFault) {
		t.Errorf("an expiry that is not recorded: %v", err)
	}
	list, err := s.List(t.Context())
	if len(list) != 2 || err != nil || slices.ContainsFunc(list, func(st State) bool { return st.Status.Open() }) {
		t.Errorf("list: %v, %v", list, err)
	}
	w.breakIt(nil)
	wantStatus(t, s, waiting, Expired)
	wantStatus(t, s, good, Used)
	if len(w.told(record.ApprovalUsed, good)) != 0 {
		t.Error("a claim that failed is told as used")
	}
}
