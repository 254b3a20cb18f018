package caddyrec

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/record"
)

// approvalAPI is a request to the approvals' own addresses.
type approvalAPI struct {
	*Visit
	voter approval.Voter
	site  string
}

// view shows st, or nothing to those it does not concern.
func (api approvalAPI) view(st approval.State) (ApprovalView, bool) {
	voter := api.voter.Beside(st.Requester)
	mine := voter.Is(st.Requester)
	entitled := st.Policy.Entitles(voter, st.Requester)
	if st.Site != api.site || !mine && !entitled {
		return ApprovalView{}, false
	}
	v := ApprovalView{
		ID: st.ID, State: st.Status, Requester: st.Identity, Method: st.Method, URL: st.URL, Body: st.Body, BodyCut: st.BodyCut,
		Approvers: ApproversView{Claim: st.Policy.Claim, Values: st.Policy.Values, Need: st.Policy.Need},
		Votes:     st.Votes, Created: record.Time{Time: st.Created}, Expires: record.Time{Time: st.Expires},
		MayVote: entitled && !voter.Same(st.Requester) && st.Status == approval.Pending && !slices.ContainsFunc(st.Votes, func(v approval.Vote) bool { return voter.Same(v.Voter) }),
	}
	if st.Body == "" && st.Encrypted != nil {
		v.Encrypted, v.Log = st.Encrypted, api.app.Log
	}
	return v, true
}

func (api approvalAPI) list(w http.ResponseWriter, r *http.Request) error {
	all, err := api.Approvals().List(r.Context())
	if err != nil {
		return api.fail(w, err)
	}
	views := []ApprovalView{}
	for _, st := range all {
		if v, ok := api.view(st); ok {
			views = append(views, v)
		}
	}
	return api.Answer(w, http.StatusOK, map[string]any{"approvals": views})
}

func (api approvalAPI) get(w http.ResponseWriter, r *http.Request, id string) error {
	st, err := api.Approvals().Get(r.Context(), id)
	if err != nil {
		return api.fail(w, err)
	}
	v, ok := api.view(st)
	if !ok {
		return api.fail(w, approval.ErrNotFound)
	}
	return api.Answer(w, http.StatusOK, v)
}

const maxVote = 4 << 10

func (api approvalAPI) vote(w http.ResponseWriter, r *http.Request, id string) error {
	ballot, err := readBallot(r, api.Exchange)
	if err != nil {
		api.deny(record.Denial{Status: http.StatusBadRequest, Reason: "invalid-vote"}, id)
		return exchange.Problem{Title: "Not a vote", Status: http.StatusBadRequest, Reason: "invalid-vote",
			Detail: `POST {"decision":"approve"|"deny","reason":"..."} as application/json: ` + err.Error()}.Write(w, api.Exchange)
	}
	st, err := api.Approvals().Get(r.Context(), id)
	if err == nil {
		if _, ok := api.view(st); !ok {
			err = approval.ErrNotFound
		} else {
			reason := api.Masker().Text(ballot.reason, 4<<10)
			st, err = api.Approvals().Vote(r.Context(), id, api.voter, ballot.decision, reason)
		}
	}
	if err != nil {
		p := ApprovalProblem(err)
		api.deny(record.Denial{Status: p.Status, Reason: p.Reason}, id)
		return p.Write(w, api.Exchange)
	}
	v, _ := api.view(st)
	return api.Answer(w, http.StatusOK, v)
}

// deny records a vote that does not count: somebody who tries to approve their
// own request should be seen. id is what they sent, so it is only recorded if
// it names a request.
func (api approvalAPI) deny(d record.Denial, id string) {
	d.By = "caddyrec"
	api.Deny(d, func(r *record.Record) {
		if st, err := api.Approvals().Get(context.Background(), id); err == nil {
			r.Approval = &record.Approval{ID: st.ID, State: string(st.Status)}
		}
	})
}

// ballot is a vote as it is sent.
type ballot struct {
	decision approval.Decision
	reason   string
}

func readBallot(r *http.Request, x *exchange.Exchange) (b ballot, err error) {
	// A form cannot be posted across sites with this media type without a
	// preflight, so a browser's ambient credentials cannot vote.
	if exchange.MediaOf(r.Header) != exchange.JSON {
		return b, errors.New("the Content-Type is not application/json")
	}
	if err := x.Body.Fill(maxVote); err != nil {
		return b, errors.New("the body could not be read")
	}
	text, whole := x.Body.Whole(maxVote)
	if !whole {
		return b, errors.New("the body is too large")
	}
	report, err := jsonscan.Check(text, jsonscan.Limits{})
	if err != nil {
		return b, err
	}
	if report.Duplicate {
		return b, errDuplicate
	}
	// By exact names: encoding/json would take "Decision" for "decision".
	var fields map[string]string
	if json.Unmarshal(text, &fields) != nil {
		return b, errors.New("it is no object of strings")
	}
	for name, value := range fields {
		switch name {
		case "decision":
			b.decision = approval.Decision(value)
		case "reason":
			b.reason = value
		default:
			return b, errors.New("it has a field besides decision and reason")
		}
	}
	if b.decision != approval.Approve && b.decision != approval.Deny {
		return b, errors.New("the decision is neither approve nor deny")
	}
	return b, nil
}

func (api approvalAPI) fail(w http.ResponseWriter, err error) error {
	return ApprovalProblem(err).Write(w, api.Exchange)
}
