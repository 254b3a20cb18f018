package record

// Key tells of a provisioning key: what it is for, and what happened to it.
// Never the key itself, nor anything it could be computed from.
type Key struct {
	// ID names the key: a UUID version 7. It is empty where what was given is
	// not a key that this service signed.
	ID string `json:"id,omitempty"`
	// Kid names the key that signed it.
	Kid string `json:"kid,omitempty"`
	// Service is the service that it is good for.
	Service string `json:"service,omitempty"`
	// Purpose is what whoever asked for it gave, masked.
	Purpose string `json:"purpose,omitempty"`
	// Subject is whom it was issued to.
	Subject *Identity `json:"subject,omitempty"`
	// Sessions are the recordings it is good for, of From to Until where those
	// are set.
	Sessions []string `json:"sessions,omitempty"`
	From     *Time    `json:"from,omitempty"`
	Until    *Time    `json:"until,omitempty"`
	// Client is what it is bound to: "ip:" and an address, or "jkt:" and a
	// JWK thumbprint (RFC 7638).
	Client string `json:"client,omitempty"`
	// MaxFrames is how many frames it may be shown.
	MaxFrames int64 `json:"max_frames,omitempty"`
	// Issued and Expires bound its life.
	Issued  *Time `json:"issued,omitempty"`
	Expires *Time `json:"expires,omitempty"`
	// Session is the recording that is shown, or was asked for in vain.
	Session string `json:"session,omitempty"`
	// Frames is how many frames it was shown so far by this gateway.
	Frames int64 `json:"frames,omitempty"`
	// Reason is a fixed word: why it was refused, what kind of anomaly it was.
	// Of key.revoked it is what whoever did it gave, masked.
	Reason string `json:"reason,omitempty"`
	// By is who revoked it, as far as they said, where no identity is known.
	By string `json:"by,omitempty"`
	// Suppressed is how many further ones were counted, not written out, since
	// the record before of its kind.
	Suppressed int64 `json:"suppressed,omitempty"`
}

func (p *Key) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.optional("id", p.ID)
	o.optional("kid", p.Kid)
	o.optional("service", p.Service)
	o.optional("purpose", p.Purpose)
	p.Subject.append(o, "subject")
	o.strings("sessions", p.Sessions)
	o.moment("from", p.From)
	o.moment("until", p.Until)
	o.optional("client", p.Client)
	o.count("max_frames", p.MaxFrames)
	o.moment("issued", p.Issued)
	o.moment("expires", p.Expires)
	o.optional("session", p.Session)
	o.count("frames", p.Frames)
	o.optional("reason", p.Reason)
	o.optional("by", p.By)
	o.count("suppressed", p.Suppressed)
	o.close()
}
