package chain_test

import (
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

const approvedAPI = `
	basic_auth {
		ana $2a$04$bw9FG2rDRwsekGBs4HCvSOXdBKCqRokOCLOdZzSDOxxm9dQUT5Lvq
		ben $2a$04$bw9FG2rDRwsekGBs4HCvSOXdBKCqRokOCLOdZzSDOxxm9dQUT5Lvq
	}
	json_schema_guard {
		openapi API
	}
	session_record
	@large json amount > 1000
	jit_approval @large {
		approvers id ben
		wait 10ms
	}
	reverse_proxy UPSTREAM
`

var (
	asAna = []string{"Authorization", "Basic YW5hOmhpY2N1cA=="}
	asBen = []string{"Authorization", "Basic YmVuOmhpY2N1cA=="}
)

func TestAnOperationThatNeedsApprovalIsAskedForWhateverTheMatcher(t *testing.T) {
	r := startAPI(t, approvedAPI)
	r.answers(204, "", "")
	a := r.do("DELETE", "/orders/5", "", asAna...)
	if a.StatusCode != 202 {
		t.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	id := strings.TrimPrefix(a.Header.Get("Location"), "/.caddyrec/approvals/")
	if len(r.upstream.requests()) != 0 {
		t.Fatal("it went on unasked")
	}
	if a := r.vote(id, "approve", asBen...); a.StatusCode != 200 {
		t.Fatalf("the vote got %d %s", a.StatusCode, a.text)
	}
	if a := r.do("DELETE", "/orders/6", "", append([]string{"Caddyrec-Approval", id}, asAna...)...); a.StatusCode != 409 {
		t.Errorf("another order with this approval got %d", a.StatusCode)
	}
	if a := r.do("DELETE", "/orders/5", "", append([]string{"Caddyrec-Approval", id}, asAna...)...); a.StatusCode != 204 {
		t.Errorf("approved, it got %d %s", a.StatusCode, a.text)
	}
	if a := r.do("DELETE", "/orders/5", "", append([]string{"Caddyrec-Approval", id}, asAna...)...); a.StatusCode != 409 {
		t.Errorf("a second time it got %d", a.StatusCode)
	}
	r.one(record.ApprovalUsed)
	if got := r.upstream.requests(); len(got) != 1 || got[0].method != "DELETE" {
		t.Errorf("the upstream got %+v", got)
	}
	if a := r.do("DELETE", "/orders/v-secret", "", asAna...); a.StatusCode != 400 {
		t.Errorf("what is not valid got %d", a.StatusCode)
	}
}

func TestOneApprovalIsEnoughWhereMatcherAndDocumentWantIt(t *testing.T) {
	r := startAPI(t, strings.Replace(approvedAPI, "@large json amount > 1000", "@large path /orders/*", 1))
	r.answers(204, "", "")
	a := r.do("DELETE", "/orders/5", "", asAna...)
	id := strings.TrimPrefix(a.Header.Get("Location"), "/.caddyrec/approvals/")
	r.vote(id, "approve", asBen...)
	if a := r.do("DELETE", "/orders/5", "", asAna...); a.StatusCode != 204 {
		t.Errorf("approved, it got %d %s", a.StatusCode, a.text)
	}
	r.one(record.ApprovalRequested)
}

func TestApprovalIsAskedForInAHandleBlockAndInARoute(t *testing.T) {
	site := strings.Replace(approvedAPI, "json_schema_guard", "header X-Kept yes\n\trequest_header X-Added yes\n\tjson_schema_guard", 1)
	for name, block := range map[string]string{"a handle block": "handle /orders*", "a route": "route"} {
		t.Run(name, func(t *testing.T) {
			r := startAPI(t, "respond /health ok\n"+block+" {\n"+site+"}")
			if a := r.do("DELETE", "/orders/5", "", asAna...); a.StatusCode != 202 {
				t.Errorf("got %d %s", a.StatusCode, a.text)
			}
			if len(r.upstream.requests()) != 0 {
				t.Error("it went on unasked")
			}
		})
	}
}

func TestWhatNeedsApprovalIsRefusedWhereNobodyAsks(t *testing.T) {
	for name, site := range map[string]string{
		"no jit_approval":          guardAPI,
		"behind another's matcher": strings.NewReplacer("jit_approval @large", "handle /orders* {\njit_approval", "wait 10ms\n\t}", "wait 10ms\n\t}\n}").Replace(approvedAPI),
		"behind a nested end":      "route {\n" + strings.Replace(approvedAPI, "session_record", "handle /orders/* {\nreverse_proxy UPSTREAM\n}\nsession_record", 1) + "}",
		"behind another answer":    "route {\n" + strings.Replace(approvedAPI, "session_record", "reverse_proxy /orders/* UPSTREAM", 1) + "}",
	} {
		t.Run(name, func(t *testing.T) {
			r := startAPI(t, site)
			a := r.do("DELETE", "/orders/5", "", asAna...)
			if a.StatusCode != 503 || a.problem(t).Reason != "approval-unavailable" {
				t.Errorf("got %d %s", a.StatusCode, a.text)
			}
			if len(r.upstream.requests()) != 0 {
				t.Error("it went on")
			}
			r.logged("no jit_approval stands behind", `"operations":1`)
		})
	}
}

func TestApprovalIsAskedForInReportModeAndNotInShadowMode(t *testing.T) {
	for mode, want := range map[string]int{"report": 202, "shadow": 204} {
		r := startAPI(t, strings.Replace(approvedAPI, "openapi API", "openapi API\n\t\tmode "+mode, 1))
		r.answers(204, "", "")
		if a := r.do("DELETE", "/orders/5", "", asAna...); a.StatusCode != want {
			t.Errorf("%s: got %d %s", mode, a.StatusCode, a.text)
		}
		if mode == "shadow" {
			r.logged("nobody is asked in shadow mode")
		}
		stopCaddy(t)
	}
}

func TestRequestsThatNeedNoApprovalDoNotNoticeTheSecondHandler(t *testing.T) {
	r := start(t, "@large json amount > 1000\njit_approval @large {\napprovers id ben\n}\nreverse_proxy UPSTREAM")
	if a := r.do("GET", "/", ""); a.StatusCode != 200 {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
	if a := r.do("GET", "/.caddyrec/approvals", ""); a.StatusCode != 401 {
		t.Errorf("the reserved path got %d", a.StatusCode)
	}
}
