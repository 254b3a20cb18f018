package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

// exchangeID is the id of the n-th exchange.
func exchangeID(n int) string { return fmt.Sprintf("019aa7a0-0000-7000-8000-%012x", n) }

func TestOrphansAreFoundOverSegmentBordersInBoundedMemory(t *testing.T) {
	w := newWorld(t)
	started := func(r *record.Record) { r.Gateway = &record.Gateway{Version: "v0.1.0"} }
	w.commit(record.GatewayStarted, started)
	var want []string
	for i := range 40 {
		w.commit(record.Intent, asked(exchangeID(i), "POST", "https://x/"))
		if i%4 == 0 {
			want = append(want, exchangeID(i))
		}
	}
	// The outcomes come in other segments, in another order.
	w.close()
	w.seal()
	w.sealed(1)
	w.open()
	for i := 39; i >= 0; i-- {
		if i%4 != 0 {
			w.commit(record.ExchangeType, asked(exchangeID(i), "POST", "https://x/"))
		}
	}
	w.commit(record.GatewayStarted, started)
	w.commit(record.Intent, asked(exchangeID(99), "POST", "https://x/"))
	want = append(want, exchangeID(99))

	for _, c := range []struct{ limit, last int }{{1, 0}, {2, 0}, {7, 0}, {41, 0}, {1000, 0}, {3, 4}, {1000, 4}, {2, 100}} {
		for _, asJSON := range []bool{true, false} {
			s := newScreen()
			l := list{con: s.console, src: w.source(), last: c.last, json: asJSON}
			found := orphanage{limit: c.limit}
			err := l.orphansOf(&found)
			most := len(found.open)
			if codeOf(err) != codeNo || err.Error() != "11 intents without an outcome: 10 lost, 1 open" {
				t.Errorf("limit %d: error %v", c.limit, err)
			}
			shown := want
			if c.last > 0 && c.last < len(want) {
				shown = want[len(want)-c.last:]
			}
			lines := strings.Split(strings.TrimSpace(s.stdout.String()), "\n")
			if !asJSON {
				lines = lines[1:]
			}
			if len(lines) != len(shown) || most > c.limit {
				t.Fatalf("limit %d, the last %d: %d lines, %d held\n%s", c.limit, c.last, len(lines), most, s.stdout)
			}
			for i, line := range lines {
				if asJSON && !strings.Contains(line, shown[i]) {
					t.Errorf("limit %d, the last %d: line %d is %s, want %s", c.limit, c.last, i, line, shown[i])
				}
			}
			if last := lines[len(lines)-1]; !asJSON && !strings.HasSuffix(strings.TrimSpace(last), "open") {
				t.Errorf("limit %d: the last line is %q", c.limit, last)
			}
		}
	}
}

func TestARefusalIsAnOutcomeAndSoIsAnApprovalThatCameToNothing(t *testing.T) {
	approval := func(exchange, state string) func(*record.Record) {
		return func(r *record.Record) {
			r.Exchange = exchange
			r.Approval = &record.Approval{ID: approvalC, State: state}
		}
	}
	w := newWorld(t)
	for i := range 5 {
		w.commit(record.Intent, asked(exchangeID(i), "POST", "https://x/"))
	}
	w.commit(record.ApprovalRequested, approval(exchangeID(1), "pending"))
	w.commit(record.ApprovalRequested, approval(exchangeID(2), "pending"))
	w.commit(record.ApprovalRequested, approval(exchangeID(3), "pending"))
	w.commit(record.GatewayStarted, func(r *record.Record) { r.Gateway = &record.Gateway{Version: "v0.1.0"} })
	w.commit(record.Denied, func(r *record.Record) {
		r.Exchange = exchangeID(0)
		r.Denial = &record.Denial{By: "jit_approval", Status: 403, Reason: "x"}
	})
	w.commit(record.ApprovalDecided, approval(exchangeID(1), "denied"))
	w.commit(record.ApprovalExpired, approval(exchangeID(2), "expired"))
	w.commit(record.ApprovalDecided, approval(exchangeID(3), "approved"))
	s := newScreen()
	l := list{con: s.console, src: w.source(), json: true}
	if err := l.orphans(); codeOf(err) != codeNo || err.Error() != "2 intents without an outcome: 2 lost, 0 open" {
		t.Errorf("error %v", err)
	}
	wantIn(t, s.stdout.String(), exchangeID(3), exchangeID(4))
}
