package record

// Approval tells the approval a request needed, or one event of it.
type Approval struct {
	// ID names the approval request: a UUID version 7.
	ID string `json:"id"`
	// State is pending, approved, denied, used or expired.
	State string `json:"state"`
	// Binding is the keyed digest over identity, method, host, URL, body and
	// policy that an approval holds for.
	Binding string `json:"binding,omitempty"`
	// Requester asked; Voter voted in an approval.voted record.
	Requester *Identity `json:"requester,omitempty"`
	Voter     *Identity `json:"voter,omitempty"`
	// Decision is approve or deny in an approval.voted record.
	Decision string `json:"decision,omitempty"`
	// Reason is what the voter gave, masked.
	Reason string `json:"reason,omitempty"`
	// Votes are all the votes so far.
	Votes []Vote `json:"votes,omitempty"`
	// Expires is when it ends, RFC 3339.
	Expires *Time `json:"expires,omitempty"`
}

// Vote is one person's word on an approval request.
type Vote struct {
	Voter    Identity `json:"voter"`
	Decision string   `json:"decision"`
	Time     Time     `json:"time"`
}

func (p *Approval) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.str("id", p.ID)
	o.str("state", p.State)
	o.optional("binding", p.Binding)
	p.Requester.append(o, "requester")
	p.Voter.append(o, "voter")
	o.optional("decision", p.Decision)
	o.optional("reason", p.Reason)
	o.list("votes", len(p.Votes), func(i int) {
		o.open("")
		p.Votes[i].Voter.append(o, "voter")
		o.str("decision", p.Votes[i].Decision)
		o.time("time", p.Votes[i].Time)
		o.close()
	})
	if p.Expires != nil {
		o.time("expires", *p.Expires)
	}
	o.close()
}
