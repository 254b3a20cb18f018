package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/record"
)

// nasty moves the cursor, sets the window's title, turns text around, hides
// letters, begins lines and rings the bell.
const nasty = "\x1b[2J\x1b]0;owned\x07\u009b31m\u202e\u2066\u200b\ufeff\r\n201 forged\t\x7f\u2028\u0085\U000e0041"

// nastyRecord has a stranger's text in every place a record has for one.
func nastyRecord(r *record.Record) {
	id := &record.Identity{Issuer: "https://" + nasty, Subject: nasty, Groups: []string{nasty}}
	json, form := `{"a`+"\u202e\u009b"+`":"\u001b[2J`+"\u202e\u009b\U000e0041"+`"}`, "a="+nasty
	r.Exchange, r.Identity = exchangeA, id
	r.Session = &record.Session{ID: nasty, Key: nasty, ACR: nasty, AMR: []string{nasty}}
	r.Client = &record.Client{IP: nasty, PeerIP: nasty + "2", UserAgent: nasty}
	headers := map[string]string{nasty: nasty}
	body := func(text string) *record.Body {
		return &record.Body{Content: &text, Type: nasty, Encoding: nasty, Digest: nasty, Omitted: nasty}
	}
	r.Request = &record.Request{Method: nasty, URL: "https://x/" + nasty, Proto: nasty, Headers: headers, Body: body(json)}
	r.Response = &record.Response{Status: 200, Headers: headers, Body: body(form), Error: nasty, ErrorID: nasty, Upstream: nasty}
	v := &record.Verdict{ID: nasty, Version: nasty, Verdict: nasty, Mode: nasty, Faults: []record.Fault{{Pointer: nasty, Keyword: nasty}}}
	r.Schema = &record.Schemas{Request: v, Response: v}
	r.Masked = []record.Masked{{Part: nasty, Pointer: nasty, Rule: nasty}, {Part: "response", Pointer: "a", Rule: nasty}}
	r.Approval = &record.Approval{ID: nasty, State: nasty, Requester: id, Voter: id, Decision: nasty, Reason: nasty, Binding: nasty, Votes: []record.Vote{{Voter: *id, Decision: nasty}}}
	r.Denial = &record.Denial{By: nasty, Status: 403, Reason: nasty, Unverified: id}
	r.Chunk = &record.Part{Body: *body(form)}
	r.Gateway = &record.Gateway{Version: nasty, Cut: 1, Segment: nasty}
}

func TestNoTextOfAStrangerReachesTheTerminalAsItIs(t *testing.T) {
	w := newWorld(t)
	w.commit(record.ExchangeType, nastyRecord)
	for _, only := range []func(*record.Record){ // what a row shows depends on what is there
		func(r *record.Record) { r.Gateway = &record.Gateway{Cut: 1, Segment: nasty} },
		func(r *record.Record) { r.Gateway = &record.Gateway{Version: nasty} },
		func(r *record.Record) { r.Session = &record.Session{ID: nasty} },
		func(r *record.Record) { r.Approval = &record.Approval{ID: nasty, State: nasty} },
		func(r *record.Record) { r.Denial = &record.Denial{Unverified: &record.Identity{Subject: nasty}} },
		func(r *record.Record) { r.Request = &record.Request{Method: nasty, URL: nasty} },
	} {
		w.commit(record.Type("new."+nasty), only)
	}
	for _, paint := range []bool{false, true} {
		s := newScreen().terminal(100)
		s.paint = paint
		src := w.source()
		l := list{con: s.console, src: src, last: onScreen}
		mustNot(t, l.records())
		lines := strings.Count(s.stdout.String(), "\n")
		if lines != 1+w.next {
			t.Errorf("%d lines for %d records", lines, w.next)
		}
		l.last, l.json = 0, true
		mustNot(t, l.records())
		for seq := range w.next {
			items, err := src.lookUp(recordName{seq: uint64(seq)}, false)
			mustNot(t, err)
			mustNot(t, s.show(items, false))
		}
		view := nastyView()
		raw, err := json.Marshal(view)
		mustNot(t, err)
		sh := sheet{con: s.console}
		sh.approvalView(view)
		mustNot(t, sh.print())
		tab := newTable(s.console, approvalColumns)
		mustNot(t, tab.row(s.approvalCells(view)))
		mustNot(t, tab.live(false))
		mustNot(t, s.line(raw))
		s.say("%s", nasty)
		if bad := unsafe(s.stdout.String() + s.stderr.String()); bad != "" {
			t.Errorf("%q is in the output", bad)
		}
		for line := range strings.Lines(s.stdout.String()) {
			if strings.HasPrefix(line, "201 forged") {
				t.Error("a text made a line of its own")
			}
		}
	}
}

func nastyView() *caddyrec.ApprovalView {
	id := &record.Identity{Issuer: nasty, Subject: nasty, Groups: []string{nasty}}
	return &caddyrec.ApprovalView{
		ID: nasty, State: nasty, Requester: id, Method: nasty, URL: nasty, Body: nasty,
		Approvers: caddyrec.ApproversView{Claim: nasty, Values: []string{nasty}, Need: 1},
		Votes:     []approval.Vote{{Identity: id, Decision: nasty, Reason: nasty}},
	}
}

func TestAGatewaysWordsAreMadeSafeToo(t *testing.T) {
	g := newFakeGateway(t)
	g.problem = &refusal{Title: nasty, Status: 403, Detail: nasty, Reason: nasty}
	_, err := g.client().get(context.Background(), approvalC)
	if err == nil {
		t.Fatal("no refusal")
	}
	if bad := unsafe(cleanLines(err.Error())); bad != "" {
		t.Errorf("%q is in %q", bad, err)
	}
}
