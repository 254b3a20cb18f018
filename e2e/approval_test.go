package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

// view is an approval request as its API shows it.
type view struct {
	ID      string
	State   string
	Body    string
	MayVote bool `json:"may_vote"`
}

// waiting is what an account finds waiting for approval.
func (w *world) waiting(token string) (views []view) {
	w.t.Helper()
	a := w.get("/.caddyrec/approvals", token)
	var list struct{ Approvals []view }
	if err := json.Unmarshal([]byte(a.Body), &list); err != nil || a.Status != http.StatusOK {
		w.t.Fatalf("the list of approvals is %d %s", a.Status, a.Body)
	}
	return list.Approvals
}

// pending waits until one request waits for approval and returns its id.
func (w *world) pending(token string) string {
	w.t.Helper()
	var views []view
	wait.Until(w.t, "a request waits for approval", func() bool {
		views = w.waiting(token)
		return len(views) == 1 && views[0].State == "pending"
	})
	return views[0].ID
}

func (w *world) vote(id, token, decision, reason string) answer {
	w.t.Helper()
	return w.post("/.caddyrec/approvals/"+id+"/votes", token, fmt.Sprintf(`{"decision":%q,"reason":%q}`, decision, reason))
}

// async sends a request and gives its answer when it comes.
func (w *world) async(req *http.Request) <-chan answer {
	c := make(chan answer, 1)
	go func() {
		a, err := send(req)
		if err != nil {
			a.Body = err.Error()
		}
		c <- a
	}()
	return c
}

func TestAHeldRequestRunsOnceSomebodyElseHasApprovedIt(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	ana, ben, eve := w.login("ana"), w.login("ben"), w.login("eve")
	held := w.async(w.request(http.MethodPost, "/orders", ana, order("castle", 5000)))
	id := w.pending(ben)
	if n := len(w.up.arrivals()); n != 0 {
		t.Fatal("the request reached the upstream before it was approved")
	}
	// Who asked may look but not vote; who is neither may not even look.
	if views := w.waiting(ana); len(views) != 1 || views[0].MayVote {
		t.Errorf("the requester sees %+v", views)
	}
	w.want(w.vote(id, ana, "approve", ""), http.StatusForbidden, "self-approval")
	if a := w.vote(id, eve, "approve", ""); a.Status != http.StatusForbidden && a.Status != http.StatusNotFound {
		t.Errorf("somebody outside the policy votes and gets %d %s", a.Status, a.Body)
	}
	if a := w.vote(id, ben, "approve", "seen the contract"); a.Status != http.StatusOK {
		t.Fatalf("the vote is answered with %d %s", a.Status, a.Body)
	}
	w.want(wait.For(t, "answer", held), http.StatusOK, "")
	if n := len(w.up.arrivals()); n != 1 {
		t.Errorf("the request reached the upstream %d times", n)
	}

	var story []string
	for _, l := range w.recorded(record.Intent, record.ApprovalRequested, record.ApprovalVoted, record.ApprovalDecided, record.ApprovalUsed, record.ExchangeType) {
		story = append(story, string(l.Type))
	}
	if got := strings.Join(story, " "); got != "intent approval.requested approval.voted approval.decided approval.used exchange" {
		t.Errorf("the ledger tells %s", got)
	}
	vote := w.last(record.ApprovalVoted).Approval
	if vote.Voter.Subject != "ben" || vote.Requester.Subject != "ana" || vote.Decision != "approve" || vote.Reason != "seen the contract" {
		t.Errorf("the vote on record is %+v", vote)
	}
	x := w.last(record.ExchangeType)
	if x.Approval == nil || x.Approval.ID != id || x.Approval.State != "used" || len(x.Approval.Votes) != 1 || x.Approval.Votes[0].Voter.Subject != "ben" {
		t.Errorf("the approval in the exchange is %+v", x.Approval)
	}
}

func TestARequestThatIsNotWaitedForIsSentAgainOnceApproved(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	ana, ben := w.login("ana"), w.login("ben")
	body := order("castle", 5000)
	a := w.post("/orders", ana, body, "Prefer", "respond-async")
	w.want(a, http.StatusAccepted, "approval-pending")
	location := a.Header.Get("Location")
	if a.Header.Get("Retry-After") == "" || !strings.HasPrefix(location, "/.caddyrec/approvals/") {
		t.Errorf("the answer's header is %v", a.Header)
	}
	id := strings.TrimPrefix(location, "/.caddyrec/approvals/")

	// The command line is what an approver has.
	token := write(t, "token", ben)
	out, problems, err := w.Command(t.Context(), "rec", "approve", id, "--gateway", "http://"+w.Address, "--token-file", token, "--reason", "go ahead")
	if err != nil {
		t.Fatalf("caddy rec approve: %v\n%s%s", err, out, problems)
	}
	if a := w.get(location, ana); !strings.Contains(a.Body, `"state":"approved"`) {
		t.Errorf("the approval is %d %s", a.Status, a.Body)
	}
	// Nothing but the very same request may use it, and only once.
	w.want(w.post("/orders", ana, order("castle", 5001), "Caddyrec-Approval", id), http.StatusConflict, "approval-mismatch")
	w.want(w.post("/orders?rush=1", ana, body, "Caddyrec-Approval", id), http.StatusConflict, "approval-mismatch")
	w.want(w.post("/orders", ben, body, "Caddyrec-Approval", id), http.StatusNotFound, "approval-not-found")
	w.want(w.post("/orders", ana, body, "Caddyrec-Approval", id), http.StatusOK, "")
	w.want(w.post("/orders", ana, body, "Caddyrec-Approval", id), http.StatusConflict, "approval-used")
	seen := w.up.arrivals()
	if len(seen) != 1 || seen[0].Body != body {
		t.Fatalf("the upstream saw %+v", seen)
	}
	if seen[0].Header.Get("Caddyrec-Approval") != "" {
		t.Error("the approval's header reached the upstream")
	}
}

func TestAnApproverNeedNotBeAmongThoseWhoMayUseTheAPI(t *testing.T) {
	w := newWorld(t, issuer(t))
	w.vars["GROUPS"] = "engineering"
	w.start()
	ben := w.login("ben")
	w.want(w.post("/orders", ben, order("chair", 1)), http.StatusForbidden, "claim-groups")
	held := w.async(w.request(http.MethodPost, "/orders", w.login("ana"), order("castle", 5000)))
	if a := w.vote(w.pending(ben), ben, "approve", ""); a.Status != http.StatusOK {
		t.Fatalf("the vote is answered with %d %s", a.Status, a.Body)
	}
	w.want(wait.For(t, "answer", held), http.StatusOK, "")
}

func TestADeniedRequestNeverRuns(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	held := w.async(w.request(http.MethodPost, "/orders", w.login("ana"), order("castle", 5000)))
	ben := w.login("ben")
	id := w.pending(ben)
	out, problems, err := w.Command(t.Context(), "rec", "deny", id, "--gateway", "http://"+w.Address, "--token-file", write(t, "token", ben), "--reason", "too much")
	if err != nil {
		t.Fatalf("caddy rec deny: %v\n%s%s", err, out, problems)
	}
	w.want(wait.For(t, "answer", held), http.StatusForbidden, "approval-denied")
	if n := len(w.up.arrivals()); n != 0 {
		t.Errorf("a denied request reached the upstream %d times", n)
	}
	if x := w.last(record.ExchangeType); x.Approval.State != "denied" || x.Response.Status != http.StatusForbidden {
		t.Errorf("the exchange on record is %s", x.Raw)
	}
}

func TestARequestBelowTheLimitNeedsNobody(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	w.want(w.post("/orders", w.login("ana"), order("chair", 1000)), http.StatusOK, "")
	if l := w.recorded(record.ApprovalRequested); len(l) != 0 {
		t.Errorf("an approval was asked for: %s", l[0].Raw)
	}
}

func TestAClientThatGoesAwayWhileItsRequestIsHeldLeavesTheApprovalWhole(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	ana, ben := w.login("ana"), w.login("ben")
	body := order("castle", 5000)
	req := w.request(http.MethodPost, "/orders", ana, body)
	ctx, hangUp := context.WithCancel(t.Context())
	held := w.async(req.WithContext(ctx))
	id := w.pending(ben)
	hangUp()
	wait.For(t, "end of the request", held)
	wait.Until(t, "the end is recorded", func() bool { return len(w.recorded(record.ExchangeType)) == 1 })
	if a := w.vote(id, ben, "approve", ""); a.Status != http.StatusOK {
		t.Fatalf("the vote is answered with %d %s", a.Status, a.Body)
	}
	if n := len(w.up.arrivals()); n != 0 {
		t.Fatalf("the request ran %d times with nobody waiting for it", n)
	}
	w.want(w.post("/orders", ana, body, "Caddyrec-Approval", id), http.StatusOK, "")
	if n := len(w.up.arrivals()); n != 1 {
		t.Errorf("the request reached the upstream %d times", n)
	}
}
