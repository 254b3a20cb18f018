package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/caddyrec"
)

// approvalView writes a request for approval as its approvers should see it.
func (s *sheet) approvalView(v *caddyrec.ApprovalView) {
	s.heading(bold, "%s %s", v.Method, v.URL)
	s.painted("approval", styleOfState(string(v.State)), "%s %s", v.ID, v.State)
	s.identity("asked by", v.Requester)
	s.field("asked", "%s", s.con.full(v.Created.Time))
	s.field("expires", "%s", s.con.full(v.Expires.Time))
	s.field("needs", "%s", needs(v.Approvers))
	for _, vote := range v.Votes {
		by := vote.Voter.Subject
		if vote.Identity != nil {
			by = person(vote.Identity)
		}
		s.painted("voted", styleOfState(string(vote.Decision)), "%s by %s at %s", vote.Decision, by, vote.Time.In(s.con.zone).Format(time.DateTime))
		if vote.Reason != "" {
			s.field("reason", "%q", vote.Reason)
		}
	}
	if !v.MayVote {
		s.field("you", "may not vote on it")
	}
	if v.Body == "" {
		if v.Encrypted != nil {
			s.painted("body", warn, "it is encrypted, and the gateway that was asked has ended since: give --identity FILE")
		}
		return
	}
	s.blank()
	s.heading(bold, "Body, masked")
	s.content(v.Body, nil)
	if v.BodyCut {
		s.painted("", warn, "it goes on: only its beginning is kept for display")
	}
}

func needs(a caddyrec.ApproversView) string {
	return fmt.Sprintf("%d %s with %s %s", a.Need, plural(a.Need, "approval of somebody", "approvals of people"), a.Claim, strings.Join(a.Values, " or "))
}
