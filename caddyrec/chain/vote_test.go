package chain_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

func (r *rig) vote(id, decision string, header ...string) answer {
	r.Helper()
	return r.do("POST", "/.caddyrec/approvals/"+id+"/votes", `{"decision":"`+decision+`","reason":"seen ana@example.com"}`, header...)
}

func TestAVoteNeedsAJSONPostByAPerson(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	ben := r.as("ben", "sec")
	id := r.pend(risky, r.as("ana", "eng")...)
	path := "/.caddyrec/approvals/" + id + "/votes"
	for name, a := range map[string]answer{
		"a GET":         r.do("GET", path+"?decision=approve", "", ben...),
		"a form":        r.do("POST", path, "decision=approve", append([]string{"Content-Type", "application/x-www-form-urlencoded"}, ben...)...),
		"a key twice":   r.do("POST", path, `{"decision":"deny","decision":"approve"}`, ben...),
		"another case":  r.do("POST", path, `{"Decision":"approve"}`, ben...),
		"both cases":    r.do("POST", path, `{"decision":"deny","Decision":"approve"}`, ben...),
		"another word":  r.do("POST", path, `{"decision":"yes"}`, ben...),
		"nobody":        r.do("POST", path, `{"decision":"approve"}`),
		"an unknown id": r.do("POST", strings.Replace(path, id, "018f0000-0000-7000-8000-000000000000", 1), `{"decision":"approve"}`, ben...),
		"a path as id":  r.do("POST", "/.caddyrec/approvals/..%2f..%2fx/votes", `{"decision":"approve"}`, ben...),
	} {
		if a.StatusCode < 400 {
			t.Errorf("%s got %d %s", name, a.StatusCode, a.text)
		}
		if name == "another word" && !strings.Contains(a.text, "the decision is neither approve nor deny") {
			t.Errorf("%s is not told what to send: %s", name, a.text)
		}
	}
	if n := len(r.records(ofType(record.ApprovalVoted))); n != 0 {
		t.Errorf("%d votes were recorded", n)
	}
}

func TestVotesThatDoNotCountAreRecorded(t *testing.T) {
	r := start(t, strings.Replace(fullChain, "approvers groups sec", "approvers groups sec\n\t\tneed 2", 1))
	r.ready()
	cat := r.as("cat", "sec")
	id := r.pend(risky, cat...)
	if a := r.vote(id, "approve", cat...); a.StatusCode != 403 || a.problem(t).Reason != "self-approval" {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
	d := r.one(record.Denied)
	if d.Denial.Reason != "self-approval" || d.Identity.Subject != "cat" || d.Approval == nil || d.Approval.ID != id {
		t.Errorf("the record says %+v %+v", d.Denial, d.Approval)
	}
	ben := r.as("ben", "sec")
	if a := r.vote(id, "approve", ben...); a.StatusCode != 200 || strings.Contains(a.text, `"may_vote":true`) {
		t.Errorf("after the vote: %d %s", a.StatusCode, a.text)
	}
}

func TestFloodsOfRefusalsAreCountedNotWrittenOut(t *testing.T) {
	r := start(t, "oidc_auth {\nissuer ISSUER\naudience orders-api\n}\nrespond ok")
	for range 700 {
		if a := r.do("GET", "/", ""); a.StatusCode != http.StatusUnauthorized {
			t.Fatal(a.StatusCode)
		}
	}
	stopCaddy(t) // which writes the count
	var written, counted int64
	for _, d := range r.records(ofType(record.Denied)) {
		if counted += d.Denial.Suppressed; d.Denial.Suppressed == 0 {
			written++
		}
	}
	if counted == 0 || written+counted != 700 {
		t.Errorf("%d written, %d counted", written, counted)
	}
}

func TestAnApprovalBelongsToItsSiteAndPerson(t *testing.T) {
	const site = `
	basic_auth {
		ana $2a$04$bw9FG2rDRwsekGBs4HCvSOXdBKCqRokOCLOdZzSDOxxm9dQUT5Lvq
		ben $2a$04$bw9FG2rDRwsekGBs4HCvSOXdBKCqRokOCLOdZzSDOxxm9dQUT5Lvq
	}
	session_record
	jit_approval /pay {
		approvers id ben
		wait 10ms
	}
	reverse_proxy UPSTREAM
`
	r := start(t, site)
	other := freeURL(t)
	// Another realm, in which somebody else is called ben.
	r.load(site + "\n}\n" + other + " {" + site)
	basic := func(who string) []string {
		return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(who+":hiccup"))}
	}
	a := r.do("POST", "/pay", `{"pay":1}`, basic("ana")...)
	id := strings.TrimPrefix(a.Header.Get("Location"), "/.caddyrec/approvals/")
	first := r.url
	r.url = other
	for _, host := range []string{"", strings.TrimPrefix(first, "http://")} {
		r.host = host
		if a := r.vote(id, "approve", basic("ben")...); a.StatusCode != 404 {
			t.Errorf("ben of the other site got %d %s", a.StatusCode, a.text)
		}
		if a := r.do("GET", "/.caddyrec/approvals", "", basic("ben")...); strings.Contains(a.text, id) {
			t.Errorf("ben of the other site sees %s", a.text)
		}
	}
	r.url, r.host = first, ""
	if a := r.vote(id, "approve", basic("ben")...); a.StatusCode != 200 {
		t.Errorf("ben got %d %s", a.StatusCode, a.text)
	}
}

func TestSomebodyWithTheSameAddressNeitherSeesNorVotes(t *testing.T) {
	r := start(t, fullChain)
	r.ready()
	with := func(sub, group, mail string) []string {
		token, err := r.issuer.Token(sub, time.Now(), map[string]any{"groups": []string{group}, "email": mail})
		if err != nil {
			t.Fatal(err)
		}
		return []string{"Authorization", "Bearer " + token}
	}
	id := r.pend(risky, with("ana", "eng", "Ana@x.example")...)
	if a := r.do("GET", "/.caddyrec/approvals/"+id, "", with("mallory", "eng", "ana@x.example")...); a.StatusCode != 404 {
		t.Errorf("a stranger with the same address sees %d %s", a.StatusCode, a.text)
	}
	if a := r.vote(id, "approve", with("ana2", "sec", " ana@X.example ")...); a.StatusCode != 403 || a.problem(t).Reason != "self-approval" {
		t.Errorf("a second account with the same address got %d %s", a.StatusCode, a.text)
	}
}
