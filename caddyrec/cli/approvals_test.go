package cli

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/record"
)

const sampleToken = "ey.secret.token"

// fakeGateway answers about approvals as caddyrec's handlers do.
type fakeGateway struct {
	*httptest.Server
	t       *testing.T
	problem *refusal // in place of every answer

	mu    sync.Mutex
	views []*caddyrec.ApprovalView
	votes []string // bodies
}

func newFakeGateway(t *testing.T) *fakeGateway {
	g := &fakeGateway{t: t}
	created := record.Time{Time: began.Add(50 * time.Minute)}
	pending := &caddyrec.ApprovalView{
		ID: approvalC, State: approval.Pending, Requester: ana, Method: "POST", URL: "https://orders.example/refunds",
		Body: `{"amount":5000,"iban":"[masked]"}`, BodyCut: true, Approvers: caddyrec.ApproversView{Claim: "groups", Values: []string{"security"}, Need: 2},
		Votes:   []approval.Vote{{Voter: approval.Person{Subject: "bob"}, Decision: approve, Reason: "fine", Time: created.Time}},
		Created: created, Expires: record.Time{Time: began.Add(110 * time.Minute)}, MayVote: true,
	}
	used := *pending
	used.ID, used.State, used.MayVote = approvalC[:35]+"d", approval.Used, false
	g.views = []*caddyrec.ApprovalView{pending, &used}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.caddyrec/approvals", func(w http.ResponseWriter, _ *http.Request) {
		g.answer(w, map[string]any{"approvals": g.views})
	})
	mux.HandleFunc("GET /.caddyrec/approvals/{id}", func(w http.ResponseWriter, r *http.Request) {
		for _, v := range g.views {
			if v.ID == r.PathValue("id") {
				g.answer(w, v)
				return
			}
		}
		g.refuse(w, &refusal{Title: "no such request", Status: 404, Reason: "approval-not-found"})
	})
	mux.HandleFunc("POST /.caddyrec/approvals/{id}/votes", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "application/json" {
			t.Error("a vote is not sent as JSON")
		}
		text, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		g.votes = append(g.votes, string(text))
		g.mu.Unlock()
		v := *g.views[0]
		v.State = approval.Approved
		v.Votes = append(v.Votes, v.Votes[0])
		if strings.Contains(string(text), `"deny"`) {
			v.State, v.Votes = approval.Denied, v.Votes[:1]
		}
		g.answer(w, &v)
	})
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+sampleToken:
			g.refuse(w, &refusal{Title: "Nobody is authenticated", Status: 401, Detail: "send a token", Reason: "token-missing"})
		case g.problem != nil:
			g.refuse(w, g.problem)
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *fakeGateway) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		g.t.Error(err)
	}
}

func (g *fakeGateway) refuse(w http.ResponseWriter, p *refusal) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

func (g *fakeGateway) client() *client {
	u, err := url.Parse(g.URL)
	if err != nil {
		g.t.Fatal(err)
	}
	return newClient(u, sampleToken)
}

func TestApprovalsListsWhatWaits(t *testing.T) {
	g := newFakeGateway(t)
	s := newScreen().terminal(80)
	mustNot(t, s.listApprovals(context.Background(), g.client(), false, false))
	wantText(t, s.stdout.String(), strings.TrimPrefix(`
ID                                    AGE  LEFT  VOTES  WHO  WHAT          VOTE?
019aa7a0-0000-7000-8000-0000000000cc  10m   50m  1/2    ana  POST /refun…  yes
`, "\n"))
	s = newScreen()
	mustNot(t, s.listApprovals(context.Background(), g.client(), true, false))
	wantIn(t, s.stdout.String(), "pending", "used")
	s = newScreen()
	mustNot(t, s.listApprovals(context.Background(), g.client(), true, true))
	if n := strings.Count(s.stdout.String(), "\n"); n != 2 {
		t.Errorf("%d lines of JSON for 2 approvals", n)
	}
	g.views = nil
	s = newScreen()
	mustNot(t, s.listApprovals(context.Background(), g.client(), false, false))
	if s.stdout.Len() > 0 || !strings.Contains(s.stderr.String(), "Nothing waits") {
		t.Errorf("with nothing waiting: %q %q", s.stdout, s.stderr)
	}
}

func TestTheIDSurvivesANarrowTerminal(t *testing.T) {
	g := newFakeGateway(t)
	s := newScreen().terminal(80)
	mustNot(t, s.listApprovals(context.Background(), g.client(), false, false))
	wantIn(t, s.stdout.String(), approvalC+" ")
	for line := range strings.Lines(s.stdout.String()) {
		if columns(line)-1 > 80 {
			t.Errorf("too wide: %s", line)
		}
	}
}

func TestOneApprovalIsShownWithItsBody(t *testing.T) {
	g := newFakeGateway(t)
	s := newScreen()
	mustNot(t, s.oneApproval(context.Background(), g.client(), approvalC, identityFlag{}, false))
	wantText(t, s.stdout.String(), strings.TrimPrefix(`
POST https://orders.example/refunds
  approval   019aa7a0-0000-7000-8000-0000000000cc pending
  asked by   ana (https://id.example)
  groups     eng, ops
  asked      2026-11-21 18:50:00.000000 Z (10m ago)
  expires    2026-11-21 19:50:00.000000 Z (in 50m)
  needs      2 approvals of people with groups security
  voted      approve by bob at 2026-11-21 18:50:00
  reason     "fine"

Body, masked
  │ {
  │   "amount": 5000,
  │   "iban": "[masked]"
  │ }
             it goes on: only its beginning is kept for display
`, "\n"))
}

func TestAVoteIsSentOnceItIsConfirmed(t *testing.T) {
	for _, c := range []struct {
		name   string
		asks   bool
		yes    bool
		answer string
		sent   bool
	}{
		{"yes at the question", true, false, "y\n", true},
		{"yes in full", true, false, " YES \n", true},
		{"yes without a newline", true, false, "y", true},
		{"no at the question", true, false, "n\n", false},
		{"the default is no", true, false, "\n", false},
		{"nothing is no", true, false, "", false},
		{"another word is no", true, false, "yess\n", false},
		{"--yes asks nothing", true, true, "", true},
		{"a program is not asked", false, false, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newFakeGateway(t)
			s := newScreen()
			s.asks, s.in = c.asks, strings.NewReader(c.answer)
			err := s.vote(context.Background(), g.client(), vote{id: approvalC, decision: approve, reason: "ticket", yes: c.yes})
			if sent := len(g.votes) == 1; sent != c.sent || (codeOf(err) == codeDone) != c.sent {
				t.Fatalf("sent %v, error %v", g.votes, err)
			}
			asked := c.asks && !c.yes
			if got := strings.Contains(s.stderr.String(), "[y/N]") && strings.Contains(s.stderr.String(), `"amount": 5000`); got != asked {
				t.Errorf("asked %v: %s", got, s.stderr)
			}
			if !c.sent {
				return
			}
			if g.votes[0] != `{"decision":"approve","reason":"ticket"}` {
				t.Errorf("sent %s", g.votes[0])
			}
			wantText(t, s.stdout.String(), "You approved "+approvalC+": it is approved, with 2 of 2 approvals.\nIt runs when its requester sends it again; if it is held yet, it runs now.\n")
		})
	}
}

func TestADenialIsADenial(t *testing.T) {
	g := newFakeGateway(t)
	s := newScreen()
	mustNot(t, s.vote(context.Background(), g.client(), vote{id: approvalC, decision: deny, json: true}))
	v, err := readApproval(json.RawMessage(s.stdout.Bytes()))
	mustNot(t, err)
	if v.State != approval.Denied || g.votes[0] != `{"decision":"deny"}` {
		t.Errorf("state %s, sent %s", v.State, g.votes)
	}
}
