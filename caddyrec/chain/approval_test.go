package chain_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

const risky = `{"amount":5000,"code":"c-secret"}`

// pend sends a risky request and returns its approval's id.
func (r *rig) pend(body string, header ...string) string {
	r.Helper()
	a := r.do("POST", "/refunds", body, header...)
	if a.StatusCode != 202 || a.Header.Get("Retry-After") == "" {
		r.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	return strings.TrimPrefix(a.Header.Get("Location"), "/.caddyrec/approvals/")
}

func TestAnApprovedRequestRunsOnceAsItWasApproved(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	ana, ben := r.as("ana", "eng"), r.as("ben", "sec")
	id := r.pend(risky, ana...)
	if again := r.pend(risky, ana...); again != id {
		t.Error("the same request sent again asked for another approval")
	}
	if a := r.vote(id, "approve", ana...); a.StatusCode != 403 && a.StatusCode != 404 {
		t.Errorf("the requester's own vote got %d", a.StatusCode)
	}
	if a := r.vote(id, "approve", r.as("eve", "eng")...); a.StatusCode != 404 {
		t.Errorf("a stranger's vote got %d", a.StatusCode)
	}
	view := r.do("GET", "/.caddyrec/approvals/"+id, "", ben...)
	if view.StatusCode != 200 || strings.Contains(view.text, "c-secret") || !strings.Contains(view.text, `"may_vote":true`) {
		t.Errorf("the approver sees %d %s", view.StatusCode, view.text)
	}
	if a := r.vote(id, "approve", ben...); a.StatusCode != 200 {
		t.Fatalf("the vote got %d %s", a.StatusCode, a.text)
	}
	named := append([]string{"Caddyrec-Approval", id}, ana...)
	for name, req := range map[string]func() answer{
		"another body":   func() answer { return r.do("POST", "/refunds", `{"amount":5001,"code":"c-secret"}`, named...) },
		"another query":  func() answer { return r.do("POST", "/refunds?x=1", risky, named...) },
		"another method": func() answer { return r.do("PUT", "/refunds", risky, named...) },
		"another preference": func() answer {
			return r.do("POST", "/refunds", risky, append([]string{"Prefer", "wait=0, tx=commit"}, named...)...)
		},
		"another preference behind one about waiting": func() answer {
			return r.do("POST", "/refunds", risky, append([]string{"Prefer", "wait=0; tx=commit"}, named...)...)
		},
		"another preference in quotes": func() answer {
			return r.do("POST", "/refunds", risky, append([]string{"Prefer", `wait="0,wait=1"`}, named...)...)
		},
		"another header": func() answer {
			return r.do("POST", "/refunds", risky, append([]string{"X-Dry-Run", "false"}, named...)...)
		},
	} {
		if a := req(); a.StatusCode != 409 || a.problem(t).Reason != "approval-mismatch" {
			t.Errorf("%s got %d %s", name, a.StatusCode, a.text)
		}
	}
	if a := r.do("POST", "/refunds", risky, append([]string{"Caddyrec-Approval", id}, r.as("eve", "eng")...)...); a.StatusCode != 404 {
		t.Errorf("somebody else with the approval's id got %d", a.StatusCode)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	statuses := map[int]int{}
	for range 20 {
		wg.Go(func() {
			a := r.do("POST", "/refunds", risky, named...)
			mu.Lock()
			statuses[a.StatusCode]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if statuses[200] != 1 || statuses[409] != 19 || len(r.upstream.requests()) != 1 {
		t.Errorf("20 at once got %v, and the upstream %d", statuses, len(r.upstream.requests()))
	}
	if got := r.upstream.requests()[0]; got.body != risky || got.header.Get("Caddyrec-Approval") != "" {
		t.Errorf("the upstream got %+v", got)
	}
	used := r.one(record.ApprovalUsed)
	ex := r.records(func(rec *record.Record) bool {
		return rec.Type == record.ExchangeType && rec.Response.Status == 200 && rec.Request.Method == "POST"
	})
	if len(ex) != 1 || ex[0].Approval.ID != id || ex[0].Approval.State != "used" || ex[0].Approval.Votes[0].Voter.Subject != "ben" || used.Seq >= ex[0].Seq {
		t.Errorf("the exchange says %+v", ex)
	}
	if v := r.one(record.ApprovalVoted); v.Approval.Voter.Subject != "ben" || strings.Contains(v.Approval.Reason, "ana@example.com") {
		t.Errorf("the vote says %+v", v.Approval)
	}
	if next := r.pend(risky, ana...); next == id {
		t.Error("a second refund went by the first one's approval")
	}
}

func TestAUsedApprovalIsNotUsedAgainWhateverBecomesOfItsObjects(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	ana, ben := r.as("ana", "eng"), r.as("ben", "sec")
	id := r.pend(risky, ana...)
	if a := r.vote(id, "approve", ben...); a.StatusCode != 200 {
		t.Fatalf("the vote got %d %s", a.StatusCode, a.text)
	}
	objects := filepath.Join(r.dir, r.dirName, "approvals")
	backup := filepath.Join(t.TempDir(), "approvals")
	if err := os.CopyFS(backup, os.DirFS(objects)); err != nil {
		t.Fatal(err)
	}
	named := append([]string{"Caddyrec-Approval", id}, ana...)
	if a := r.do("POST", "/refunds", risky, named...); a.StatusCode != 200 {
		t.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	again := func(when string) {
		t.Helper()
		if a := r.do("POST", "/refunds", risky, named...); a.StatusCode != 409 || a.problem(t).Reason != "approval-used" {
			t.Errorf("%s: got %d %s", when, a.StatusCode, a.text)
		}
	}
	if err := os.Remove(filepath.Join(objects, id, "use.json")); err != nil {
		t.Fatal(err)
	}
	again("with use.json removed")
	r.load(strings.Replace(fullChain, "wait 50ms", "wait 51ms", 1))
	r.ready()
	again("and reloaded")
	stopCaddy(t)
	if err := os.RemoveAll(objects); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(objects, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	r.load(fullChain)
	r.ready()
	again("put back from a copy and restarted")
	if n := len(r.upstream.requests()); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	r.one(record.ApprovalUsed)
}

func TestADeniedRequestNeverRuns(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	ana := r.as("ana", "eng")
	id := r.pend(risky, ana...)
	if a := r.vote(id, "deny", r.as("ben", "sec")...); a.StatusCode != 200 {
		t.Fatal(a.text)
	}
	if a := r.do("POST", "/refunds", risky, append([]string{"Caddyrec-Approval", id}, ana...)...); a.StatusCode != 403 || a.problem(t).Reason != "approval-denied" {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
	if a := r.vote(id, "approve", r.as("bob", "sec")...); a.StatusCode != 409 {
		t.Errorf("a vote after the decision got %d", a.StatusCode)
	}
	if len(r.upstream.requests()) != 0 {
		t.Error("it ran")
	}
}

func TestAHeldRequestRunsWhenTheApprovalComesInTime(t *testing.T) {
	r := start(t, strings.Replace(fullChain, "wait 50ms", "wait 20s", 1))
	r.ready()
	ana, ben := r.as("ana", "eng"), r.as("ben", "sec")
	held := make(chan answer, 1)
	go func() { held <- r.do("POST", "/refunds", risky, ana...) }()
	var list struct{ Approvals []struct{ ID string } }
	r.recorded(record.ApprovalRequested)
	waits := func() bool { // it is asked for as soon as that is on record
		if err := json.Unmarshal([]byte(r.do("GET", "/.caddyrec/approvals", "", ben...).text), &list); err != nil {
			t.Fatal(err)
		}
		return len(list.Approvals) > 0
	}
	if !r.atEachLine(waits) {
		t.Fatal("nothing waits")
	}
	// A reload must not lose it.
	r.load(strings.Replace(fullChain, "wait 50ms", "wait 19s", 1))
	r.ready()
	if a := r.vote(list.Approvals[0].ID, "approve", ben...); a.StatusCode != 200 {
		t.Fatal(a.text)
	}
	if a := <-held; a.StatusCode != 200 {
		t.Errorf("the held request got %d %s", a.StatusCode, a.text)
	}
	r.one(record.ApprovalUsed)
}

func TestAClientMayAskNotToBeHeld(t *testing.T) {
	r := start(t, strings.Replace(fullChain, "wait 50ms", "wait 1h", 1))
	r.ready()
	for _, prefer := range []string{"respond-async", "wait=0", "respond-async, wait=0", "wait=1"} {
		// It would be held for an hour: the test's own timeout is far below.
		r.pend(risky, append([]string{"Prefer", prefer}, r.as("ana", "eng")...)...)
	}
}

func TestNobodyIsAskedToApproveAnotherMethodThanRuns(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	ana := r.as("ana", "eng")
	for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		a := r.do("POST", "/refunds", risky, append([]string{name, "DELETE"}, ana...)...)
		if a.StatusCode != 400 || a.problem(t).Reason != "ambiguous-method" {
			t.Errorf("with %s it got %d %s", name, a.StatusCode, a.text)
		}
	}
	if n := len(r.records(ofType(record.ApprovalRequested))); n > 0 {
		t.Errorf("%d approvals were asked for", n)
	}
	r.pend(risky, append([]string{"X-HTTP-Method-Override", "post"}, ana...)...)
}

func TestConnectionCannotTakeFieldsAway(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	ana := r.as("ana", "eng")
	dry := append([]string{"X-Dry-Run", "true"}, ana...)
	id := r.pend(risky, dry...)
	if a := r.vote(id, "approve", r.as("ben", "sec")...); a.StatusCode != 200 {
		t.Fatal(a.text)
	}
	a := r.do("POST", "/refunds", risky, append([]string{"Caddyrec-Approval", id, "Connection", "X-Dry-Run, X-Api-Key"}, dry...)...)
	got := r.upstream.requests()
	if a.StatusCode != 200 || len(got) != 1 || got[0].header.Get("X-Dry-Run") != "true" || got[0].header.Get("X-Api-Key") != "upstream-secret-1" {
		t.Errorf("got %d; the upstream saw %v", a.StatusCode, got)
	}
}

func TestAnApprovedRequestIsNotRepeatedByTheTransport(t *testing.T) {
	r := start(t, strings.Replace(fullChain, "@risky json amount > 1000", "@risky method DELETE", 1))
	r.ready()
	ana := append([]string{"Idempotency-Key", "1"}, r.as("ana", "eng")...)
	a := r.do("DELETE", "/orders/1", "", ana...)
	id := strings.TrimPrefix(a.Header.Get("Location"), "/.caddyrec/approvals/")
	if a := r.vote(id, "approve", r.as("ben", "sec")...); a.StatusCode != 200 {
		t.Fatal(a.text)
	}
	r.do("GET", "/", "", ana...) // leaves a connection to the upstream that will be reused
	r.upstream.answer = func(w http.ResponseWriter, req *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			conn.Close() // after the work is done, without an answer
		}
	}
	if a := r.do("DELETE", "/orders/1", "", append([]string{"Caddyrec-Approval", id}, ana...)...); a.StatusCode != 502 {
		t.Errorf("got %d", a.StatusCode)
	}
	runs := 0
	for _, req := range r.upstream.requests() {
		if req.method == "DELETE" {
			runs++
		}
	}
	if runs != 1 {
		t.Errorf("it ran %d times", runs)
	}
}

func TestAClientThatLeavesWhileItWaitsIsNotADenial(t *testing.T) {
	r := start(t, strings.Replace(fullChain, "wait 50ms", "wait 1h", 1))
	r.ready()
	ctx, cancel := context.WithCancel(context.Background())
	req, _ := http.NewRequestWithContext(ctx, "POST", r.url+"/refunds", strings.NewReader(risky))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", r.as("ana", "eng")[1])
	done := make(chan struct{})
	go func() { http.DefaultClient.Do(req); close(done) }()
	r.recorded(record.ApprovalRequested)
	cancel()
	<-done
	r.answered("499")
	if ex := r.one(record.ExchangeType); ex.Response.Status != 499 || ex.Response.Error != "canceled" {
		t.Errorf("the record says %+v", ex.Response)
	}
	if n := len(r.records(ofType(record.Denied))); n != 0 {
		t.Errorf("%d denials", n)
	}
}

func TestTheStatusOfAPendingRequestIsWhereItsClientFindsIt(t *testing.T) {
	below := "\nuri strip_prefix /api\nhandle_path /v1/* {" + fullChain + "}\n"
	r := start(t, below)
	ana := r.as("ana", "eng")
	r.readyAt("/v1/.caddyrec/ready")
	for _, path := range []string{"/v1/refunds", "/api/v1/refunds"} {
		a := r.do("POST", path, risky, ana...)
		status := a.Header.Get("Location")
		if a.StatusCode != 202 || !strings.HasPrefix(status, strings.TrimSuffix(path, "refunds")+".caddyrec/approvals/") || !strings.Contains(a.text, `"`+status+`"`) {
			t.Errorf("%s: %d, %q, %s", path, a.StatusCode, status, a.text)
		}
		if a = r.do("GET", status, "", ana...); a.StatusCode != 200 {
			t.Errorf("%s: its status is answered with %d %s", path, a.StatusCode, a.text)
		}
	}
	// What is masked in the address on record is nowhere else either.
	r = start(t, "\nuri path_regexp ^/sig=[^/]* \"\"\n"+fullChain)
	r.ready()
	if a := r.do("POST", "/sig=p-secret/refunds", risky, r.as("ana", "eng")...); a.StatusCode != 202 || strings.Contains(a.Header.Get("Location"), "p-secret") {
		t.Errorf("%d, %q", a.StatusCode, a.Header.Get("Location"))
	}
}
