package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/rerun"
)

func TestACommandForATokenRunsAgainOnceItsTokenIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("the command is one for a shell")
		return
	}
	count := filepath.Join(t.TempDir(), "count")
	c := tokenCommand{line: fmt.Sprintf("echo x >> '%s'; echo token-$(wc -l < '%s' | tr -d ' ')", count, count)}
	for _, step := range []struct{ refused, want string }{
		{"", "Bearer token-1"}, {"", "Bearer token-1"}, {"Bearer token-1", "Bearer token-2"},
		{"Bearer token-1", "Bearer token-2"}, // refused at the same time as the one before
		{"", "Bearer token-2"},
	} {
		if got, err := c.get(t.Context(), step.refused); got != step.want || err != nil {
			t.Errorf("after %q was refused: %q, %v; want %q", step.refused, got, err, step.want)
		}
	}
	for _, line := range []string{"false", "true", "echo two words"} {
		if got, err := (&tokenCommand{line: line}).get(t.Context(), ""); err == nil {
			t.Errorf("%s gives %q", line, got)
		}
	}
}

func TestATargetIsListedByHostAndPort(t *testing.T) {
	list := filepath.Join(t.TempDir(), "targets")
	mustNot(t, os.WriteFile(list, []byte("# ours\nOrders.test.example:443  # behind a proxy\n[::1]:8080\n"), 0o600))
	f := targetFlags{list: list}
	for address, want := range map[string]bool{
		"https://orders.test.example": true, "https://orders.test.example:443/v2": true, "http://[::1]:8080": true,
		"http://orders.test.example": false, "https://orders.test.example:8443": false, "https://test.example": false,
	} {
		u, err := rerun.ParseTarget(address)
		mustNot(t, err)
		if got, err := f.isListed(u); got != want || err != nil {
			t.Errorf("%s: %v, %v", address, got, err)
		}
	}
	mustNot(t, os.WriteFile(list, []byte("https://orders.test.example\n"), 0o600))
	u, _ := rerun.ParseTarget("https://orders.test.example")
	if listed, err := f.isListed(u); listed || err == nil {
		t.Error("a line that is no host and port is passed over")
	}
}

func TestNoSecretTravelsInTheClearBeyondAPrivateNetwork(t *testing.T) {
	for address, want := range map[string]bool{
		"https://test.example.com": true, "http://localhost:1": true, "http://127.0.0.1": true, "http://10.0.0.5:8080": true, "http://orders:8080": true,
		"http://orders.svc": true, "http://test.example.com": false, "http://192.0.2.7": false, "http://10.0.0.5.example.com": false,
		"http://[fd00::5]": true, "http://[2001:db8::7]:8080": false,
	} {
		u, err := rerun.ParseTarget(address)
		mustNot(t, err)
		if err := mayCarry(u, "a token"); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestALongReplayListsWhatDidNotMatch(t *testing.T) {
	r := &rerun.Report{Outcome: rerun.OutcomeDiffers}
	for n := range maxListed + 1 {
		o := &rerun.Outcome{N: n + 1, Seq: uint64(n), Method: "GET", Path: fmt.Sprintf("/orders/%d", n), State: rerun.Matched}
		if n == 7 {
			o.State = rerun.Differs
		}
		r.Steps = append(r.Steps, o)
	}
	r.Counts = rerun.Counts{Requests: maxListed + 1, Matched: maxListed, Differed: 1}
	s := newScreen()
	mustNot(t, s.replayed(r, false))
	wantIn(t, s.stdout.String(), "/orders/7", "200 that matched are not listed.", "200 of 201 matched; 1 differ.")
	if n := len(s.stdout.String()); n > 1000 {
		t.Errorf("%d bytes: %s", n, s.stdout)
	}
}

func TestTextsOfAReplayCannotMoveTheCursor(t *testing.T) {
	bad := "\x1b[31m\u202e\r"
	r := &rerun.Report{Replay: bad, Log: bad, Session: bad, Filter: bad, Target: bad, Outcome: rerun.Verdict(bad), Baselines: []string{bad}, Steps: []*rerun.Outcome{{
		Method: bad, Path: bad, State: rerun.State(bad), Why: rerun.Why(bad), Detail: bad, Unfilled: []string{bad},
	}}}
	s := newScreen().terminal(80)
	mustNot(t, s.replayed(r, false))
	mustNot(t, s.replayed(r, true))
	w := sheet{con: s.console}
	w.replay(&record.Replay{ID: bad, Session: bad, Filter: bad, Target: bad, Outcome: bad, By: bad, Plan: bad, Report: bad, Baselines: []string{bad}, Unsafe: true, Allowed: bad})
	mustNot(t, w.print())
	if what := unsafe(s.stdout.String()); what != "" {
		t.Errorf("%q is on the screen: %q", what, s.stdout)
	}
}
