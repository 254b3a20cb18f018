package jitapproval

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// header names the approval that a resent request was given.
const header = "Caddyrec-Approval"

// asking is one request that needs approval.
type asking struct {
	*Handler
	*caddyrec.Visit
	r       *http.Request
	body    []byte
	binding string
}

// prepare reads what the approval is to hold for, or says why it cannot.
func (a *asking) prepare() *exchange.Problem {
	if a.Identity == nil {
		p := exchange.NoIdentity()
		return &p
	}
	if caddyrec.MethodOverridden(a.r) { // approvers see the method, and no header fields
		p := caddyrec.AmbiguousMethod.Problem("The request cannot be approved")
		return &p
	}
	body := caddyrec.BodyOf(a.r)
	err := body.Fill(a.MaxBody)
	body.Attach(a.r)
	text, whole := body.Whole(a.MaxBody)
	refusal := exchange.Refusal{}
	switch {
	case err != nil:
		refusal = exchange.Unreadable(err)
	case !whole:
		refusal = exchange.TooLarge(a.MaxBody)
	}
	if !refusal.Ok() {
		p := refusal.Problem("The body cannot be approved")
		return &p
	}
	a.body = text
	a.binding = bind(a.Visit, a.r, a.Identity, a.digest, text)
	return nil
}

// decide asks for approval, waits for it, and takes it. A state that is not
// Used means: come back later.
func (a *asking) decide() (approval.State, error) {
	st, err := a.find()
	if err != nil {
		return st, err
	}
	a.note(st)
	if st.Status == approval.Pending {
		if st, err = a.await(st.ID); err != nil {
			return st, err
		}
		a.note(st)
	}
	switch st.Status {
	case approval.Pending:
		return st, nil
	case approval.Denied:
		return st, approval.ErrDenied
	case approval.Expired:
		return st, approval.ErrExpired
	}
	if err := a.r.Context().Err(); err != nil {
		// Nobody is there to be told what came of it: leave the approval whole.
		return st, err
	}
	st, err = a.Approvals().Claim(a.r.Context(), st.ID, a.binding)
	if err != nil {
		return st, err
	}
	a.note(st)
	return st, nil
}

// find returns the approval that the client names, or one that is open for
// this very request, or a new one.
func (a *asking) find() (approval.State, error) {
	voter := a.Voter(a.r)
	if id := a.r.Header.Get(header); id != "" {
		st, err := a.Approvals().Get(a.r.Context(), id)
		switch {
		case err != nil:
			return st, err
		case !voter.Is(st.Requester):
			return st, approval.ErrNotFound // not theirs to know of
		case st.Binding != a.binding && st.Requester.EmailKey != voter.EmailKey:
			return st, approval.ErrElsewhere // no binding is like one of another key
		case st.Binding != a.binding:
			return st, approval.ErrBinding
		}
		return st, nil
	}
	masker := a.Masker()
	content := "(body not shown: it could not be masked without doubt)"
	if shown, _ := masker.Body("request", a.r.Header, a.body, a.RequestMarks()); shown == nil {
		content = ""
	} else if shown.Content != nil {
		content = *shown.Content
	}
	return a.Approvals().Ask(a.r.Context(), approval.Ask{
		Requester: voter.Person, Identity: a.Identity, Site: caddyrec.SiteOf(a.r), Host: masker.Text(a.r.Host, 255), Method: a.Request.Method, URL: a.Request.URL,
		Body: content, Binding: a.binding, Policy: a.policy, Exchange: a.ID,
	})
}

// await waits for the decision, as long as both sides want to.
func (a *asking) await(id string) (approval.State, error) {
	wait := min(time.Duration(a.Wait), preferred(a.r.Header))
	ctx, cancel := context.WithTimeout(a.r.Context(), wait)
	defer cancel()
	st, err := a.Approvals().Await(ctx, id)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && a.r.Context().Err() == nil {
		return a.Approvals().Get(a.r.Context(), id)
	}
	return st, err
}

// note writes down in the exchange where the approval stands.
func (a *asking) note(st approval.State) {
	expires := record.Time{Time: st.Expires}
	n := &record.Approval{ID: st.ID, State: string(st.Status), Expires: &expires}
	for _, v := range st.Votes {
		n.Votes = append(n.Votes, record.Vote{Voter: *v.Identity, Decision: string(v.Decision), Time: record.Time{Time: v.Time}})
	}
	a.Approval = n
}

// later tells the client when and where to come back.
func (a *asking) later(w http.ResponseWriter, st approval.State) error {
	status := a.ReservedPath(a.r, caddyrec.ReservedPrefix+"approvals/"+st.ID)
	w.Header().Set("Location", status)
	return exchange.Problem{
		Title: "The request waits for approval", Status: http.StatusAccepted, Reason: "approval-pending",
		Detail:     "once it is approved, send the same request again with the header " + header + ": " + st.ID,
		RetryAfter: 10 * time.Second,
		Approval:   &exchange.ApprovalNote{ID: st.ID, State: string(st.Status), Status: status, Expires: st.Expires.UTC().Format(time.RFC3339)},
	}.Write(w, a.Exchange)
}

// refuse answers, and records the refusal: without session_record there is no
// other trace of it.
func (a *asking) refuse(w http.ResponseWriter, p exchange.Problem) error {
	a.Deny(record.Denial{By: "jit_approval", Status: p.Status, Reason: p.Reason}, nil)
	if p.Approval == nil && a.Approval != nil {
		p.Approval = &exchange.ApprovalNote{ID: a.Approval.ID, State: a.Approval.State}
	}
	return p.Write(w, a.Exchange)
}
