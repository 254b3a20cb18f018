package caddyrec

import (
	"errors"
	"net/http"
	"strings"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// ApprovalView is an approval request as clients see it. URL and Body are
// masked. Where bodies are encrypted, the gateway that was asked shows it until
// the request is settled or the gateway ends; after that, Encrypted and Log are
// what it takes to open it.
type ApprovalView struct {
	ID        string            `json:"id"`
	State     approval.Status   `json:"state"`
	Requester *record.Identity  `json:"requester"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Body      string            `json:"body,omitempty"`
	BodyCut   bool              `json:"body_cut,omitempty"`
	Encrypted *record.Encrypted `json:"encrypted,omitempty"`
	Log       string            `json:"log,omitempty"`
	Approvers ApproversView     `json:"approvers"`
	Votes     []approval.Vote   `json:"votes,omitempty"`
	Created   record.Time       `json:"created"`
	Expires   record.Time       `json:"expires"`
	MayVote   bool              `json:"may_vote"`
}

// ApproversView says whose approval is needed.
type ApproversView struct {
	Claim  string   `json:"claim"`
	Values []string `json:"values"`
	Need   int      `json:"need"`
}

// approvalProblems are the answers to the approval package's refusals.
var approvalProblems = []struct {
	err    error
	status int
	reason string
}{
	{approval.ErrInvalid, http.StatusBadRequest, "invalid-vote"},
	{approval.ErrTooMany, http.StatusTooManyRequests, "too-many-approvals"},
	{approval.ErrNotFound, http.StatusNotFound, "approval-not-found"},
	{approval.ErrDamaged, http.StatusConflict, "approval-damaged"},
	{approval.ErrElsewhere, http.StatusConflict, "approval-elsewhere"},
	{approval.ErrSelf, http.StatusForbidden, "self-approval"},
	{approval.ErrNotEntitled, http.StatusForbidden, "not-an-approver"},
	{approval.ErrVoted, http.StatusConflict, "already-voted"},
	{approval.ErrDecided, http.StatusConflict, "already-decided"},
	{approval.ErrPending, http.StatusConflict, "approval-pending"},
	{approval.ErrDenied, http.StatusForbidden, "approval-denied"},
	{approval.ErrExpired, http.StatusGone, "approval-expired"},
	{approval.ErrUsed, http.StatusConflict, "approval-used"},
	{approval.ErrBinding, http.StatusConflict, "approval-mismatch"},
}

// ApprovalProblem is the answer to an error of the approval service.
func ApprovalProblem(err error) exchange.Problem {
	for _, p := range approvalProblems {
		if errors.Is(err, p.err) {
			return exchange.Problem{Title: strings.TrimPrefix(p.err.Error(), "approval: "), Status: p.status, Reason: p.reason}
		}
	}
	p := unrecordedProblem(err)
	p.Title = "The approval could not be dealt with"
	return p
}
