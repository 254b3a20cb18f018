package caddyrec

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/record"
)

// ReservedPrefix begins the paths that caddyrec answers itself. The first of
// its handlers that sees such a request, once somebody has authenticated,
// answers it; it never goes on to the upstream.
const ReservedPrefix = "/.caddyrec/"

const approvalsPath = ReservedPrefix + "approvals"

// ServeReserved answers a request to a reserved path, and says whether it was
// one.
//
//	GET  /.caddyrec/approvals             what waits, for those who may vote or who asked
//	GET  /.caddyrec/approvals/{id}        one of them
//	POST /.caddyrec/approvals/{id}/votes  {"decision":"approve"|"deny","reason":"…"}
func (a *App) ServeReserved(w http.ResponseWriter, r *http.Request, g *Gateway, x *exchange.Exchange) (served bool, err error) {
	if !strings.HasPrefix(r.URL.Path, ReservedPrefix) {
		return false, nil
	}
	Identify(r, x)
	if x.Identity == nil {
		a.Deny(g, x, record.Denial{By: "jit_approval", Status: http.StatusUnauthorized, Reason: "no-identity"}, nil)
		return true, exchange.Problem{Title: "Nobody is authenticated", Status: http.StatusUnauthorized, Reason: "no-identity",
			Detail: "put oidc_auth, or another authentication handler, before this"}.Write(w, x)
	}
	api := approvalAPI{app: a, gateway: g, x: x, voter: g.Voter(r, x)}
	id, isOne := strings.CutPrefix(r.URL.Path, approvalsPath+"/")
	switch {
	case r.URL.Path == approvalsPath && r.Method == http.MethodGet:
		return true, api.list(w, r)
	case isOne && r.Method == http.MethodGet && !strings.Contains(id, "/"):
		return true, api.get(w, r, id)
	case isOne && r.Method == http.MethodPost && strings.HasSuffix(id, "/votes"):
		return true, api.vote(w, r, strings.TrimSuffix(id, "/votes"))
	}
	return true, exchange.Problem{Title: "No such resource", Status: http.StatusNotFound, Reason: "not-found",
		Detail: "paths under " + ReservedPrefix + " belong to caddyrec"}.Write(w, x)
}

// Voter is the one who asks, as approvals see them. An e-mail address is only
// ever compared there, so a keyed digest of it serves.
func (g *Gateway) Voter(r *http.Request, x *exchange.Exchange) approval.Voter {
	email := strings.ToLower(strings.TrimSpace(x.Email))
	if email != "" {
		email = hex.EncodeToString(g.keys.MAC("email", email)[:16])
	}
	v := approval.Voter{
		Person:   approval.Person{Issuer: x.Identity.Issuer, Subject: x.Identity.Subject, Email: email, Scope: strings.ToLower(r.Host)},
		Values:   x.Values,
		Identity: x.Identity,
	}
	if v.Values == nil {
		v.Values = func(string) []string { return nil }
	}
	return v
}

type approvalAPI struct {
	app     *App
	gateway *Gateway
	x       *exchange.Exchange
	voter   approval.Voter
}

// ApprovalView is an approval request as clients see it. URL and Body are
// masked.
type ApprovalView struct {
	ID        string           `json:"id"`
	State     approval.Status  `json:"state"`
	Requester *record.Identity `json:"requester"`
	Method    string           `json:"method"`
	URL       string           `json:"url"`
	Body      string           `json:"body,omitempty"`
	BodyCut   bool             `json:"body_cut,omitempty"`
	Approvers ApproversView    `json:"approvers"`
	Votes     []approval.Vote  `json:"votes,omitempty"`
	Created   record.Time      `json:"created"`
	Expires   record.Time      `json:"expires"`
	MayVote   bool             `json:"may_vote"`
}

// ApproversView says whose approval is needed.
type ApproversView struct {
	Claim  string   `json:"claim"`
	Values []string `json:"values"`
	Need   int      `json:"need"`
}

// view shows st, or nothing to those it does not concern.
func (api approvalAPI) view(st approval.State) (ApprovalView, bool) {
	mine := api.voter.Same(st.Requester)
	entitled := st.Policy.Entitles(api.voter, st.Requester)
	if !mine && !entitled {
		return ApprovalView{}, false
	}
	return ApprovalView{
		ID: st.ID, State: st.Status, Requester: st.Identity, Method: st.Method, URL: st.URL, Body: st.Body, BodyCut: st.BodyCut,
		Approvers: ApproversView{Claim: st.Policy.Claim, Values: st.Policy.Values, Need: st.Policy.Need},
		Votes:     st.Votes, Created: record.Time{Time: st.Created}, Expires: record.Time{Time: st.Expires},
		MayVote: entitled && !mine && st.Status == approval.Pending && !slices.ContainsFunc(st.Votes, func(v approval.Vote) bool { return api.voter.Same(v.Voter) }),
	}, true
}

func (api approvalAPI) list(w http.ResponseWriter, r *http.Request) error {
	all, err := api.gateway.Approvals.List(r.Context())
	if err != nil {
		return api.fail(w, err)
	}
	views := []ApprovalView{}
	for _, st := range all {
		if v, ok := api.view(st); ok {
			views = append(views, v)
		}
	}
	return api.answer(w, http.StatusOK, map[string]any{"approvals": views})
}

func (api approvalAPI) get(w http.ResponseWriter, r *http.Request, id string) error {
	st, err := api.gateway.Approvals.Get(r.Context(), id)
	if err != nil {
		return api.fail(w, err)
	}
	v, ok := api.view(st)
	if !ok {
		return api.fail(w, approval.ErrNotFound)
	}
	return api.answer(w, http.StatusOK, v)
}

const maxVote = 4 << 10

func (api approvalAPI) vote(w http.ResponseWriter, r *http.Request, id string) error {
	var ballot struct {
		Decision approval.Decision `json:"decision"`
		Reason   string            `json:"reason"`
	}
	if err := readBallot(r, api.x, &ballot); err != nil {
		api.deny(record.Denial{Status: http.StatusBadRequest, Reason: "invalid-vote"}, id)
		return exchange.Problem{Title: "Not a vote", Status: http.StatusBadRequest, Reason: "invalid-vote",
			Detail: `POST {"decision":"approve"|"deny","reason":"..."} as application/json: ` + err.Error()}.Write(w, api.x)
	}
	st, err := api.gateway.Approvals.Get(r.Context(), id)
	if err == nil {
		if _, ok := api.view(st); !ok {
			err = approval.ErrNotFound
		} else {
			reason := api.app.Masker(api.gateway).Text(ballot.Reason, 500)
			st, err = api.gateway.Approvals.Vote(r.Context(), id, api.voter, ballot.Decision, reason)
		}
	}
	if err != nil {
		p := ApprovalProblem(err)
		api.deny(record.Denial{Status: p.Status, Reason: p.Reason}, id)
		return p.Write(w, api.x)
	}
	v, _ := api.view(st)
	return api.answer(w, http.StatusOK, v)
}

// deny records a vote that does not count: somebody who tries to approve their
// own request should be seen. id is what they sent, so it is only recorded if
// it names a request.
func (api approvalAPI) deny(d record.Denial, id string) {
	d.By = "jit_approval"
	api.app.Deny(api.gateway, api.x, d, func(r *record.Record) {
		if st, err := api.gateway.Approvals.Get(context.Background(), id); err == nil {
			r.Approval = &record.Approval{ID: st.ID, State: string(st.Status)}
		}
	})
}

func readBallot(r *http.Request, x *exchange.Exchange, into any) error {
	// A form cannot be posted across sites with this media type without a
	// preflight, so a browser's ambient credentials cannot vote.
	if exchange.MediaOf(r.Header) != exchange.JSON {
		return errors.New("the Content-Type is not application/json")
	}
	if err := x.Body.Fill(maxVote); err != nil {
		return errors.New("the body could not be read")
	}
	text, whole := x.Body.Whole(maxVote)
	if !whole {
		return errors.New("the body is too large")
	}
	report, err := jsonscan.Check(text, jsonscan.Limits{})
	if err != nil {
		return err
	}
	if report.Duplicate {
		return errDuplicate
	}
	if json.Unmarshal(text, into) != nil {
		return errors.New("a field has the wrong type")
	}
	return nil
}

func (api approvalAPI) answer(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	api.x.Local = true
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(append(text, '\n'))
	return err
}

func (api approvalAPI) fail(w http.ResponseWriter, err error) error {
	return ApprovalProblem(err).Write(w, api.x)
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
	p := Unrecorded(err)
	p.Title = "The approval could not be dealt with"
	return p
}
