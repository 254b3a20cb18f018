package record

// How each part of a record is written; in the order of its fields.

func (p *Identity) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.optional("iss", p.Issuer)
	o.str("sub", p.Subject)
	o.strings("groups", p.Groups)
	o.close()
}

func (p *Session) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.str("id", p.ID)
	o.str("key", p.Key)
	o.count("iat", p.IssuedAt)
	o.count("exp", p.Expires)
	o.count("auth_time", p.AuthTime)
	o.optional("acr", p.ACR)
	o.strings("amr", p.AMR)
	o.close()
}

func (p *Client) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.str("ip", p.IP)
	o.str("peer_ip", p.PeerIP)
	o.optional("user_agent", p.UserAgent)
	o.close()
}

func (p *Request) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.str("method", p.Method)
	o.str("url", p.URL)
	o.optional("proto", p.Proto)
	o.table("headers", p.Headers)
	p.Body.append(o, PlaceRequest)
	o.close()
}

func (p *Response) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.int("status", int64(p.Status))
	o.table("headers", p.Headers)
	p.Body.append(o, PlaceResponse)
	o.table("trailers", p.Trailers)
	o.flag("masked", p.Masked)
	o.optional("withheld", p.Withheld)
	o.count("replaced", int64(p.Replaced))
	o.optional("error", p.Error)
	o.optional("error_id", p.ErrorID)
	o.close()
}

func (p *Body) append(o *object, place string) {
	if p == nil {
		return
	}
	o.open("body")
	switch {
	case p.Content != nil && o.contents != nil:
		o.encrypted("encrypted", o.contents, place, *p.Content)
	case p.Content != nil:
		o.str("content", *p.Content)
	}
	o.optional("encrypted", p.Encrypted)
	o.optional("type", p.Type)
	o.optional("encoding", p.Encoding)
	o.int("size", p.Size)
	o.optional("digest", p.Digest)
	o.optional("omitted", p.Omitted)
	o.flag("truncated", p.Truncated)
	o.close()
}

func (p *Schemas) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	p.Request.append(o, "request")
	p.Response.append(o, "response")
	o.close()
}

func (p *Verdict) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.str("id", p.ID)
	o.str("version", p.Version)
	o.str("digest", p.Digest)
	o.str("verdict", p.Verdict)
	o.optional("mode", p.Mode)
	o.list("faults", len(p.Faults), func(i int) {
		o.open("")
		o.str("pointer", p.Faults[i].Pointer)
		o.str("keyword", p.Faults[i].Keyword)
		o.optional("schema", p.Faults[i].Schema)
		o.close()
	})
	o.close()
}

func (p *Masked) append(o *object) {
	o.open("")
	o.str("part", p.Part)
	o.str("pointer", p.Pointer)
	o.str("rule", p.Rule)
	o.str("action", p.Action)
	o.count("count", int64(p.Count))
	o.close()
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

func (p *Denial) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.str("by", p.By)
	o.int("status", int64(p.Status))
	o.str("reason", p.Reason)
	o.count("suppressed", p.Suppressed)
	p.Unverified.append(o, "unverified")
	o.close()
}

func (p *Part) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.int("index", int64(p.Index))
	o.int("offset", p.Offset)
	p.Body.append(o, PlaceChunk)
	o.close()
}

func (p *Gateway) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.optional("version", p.Version)
	o.count("cut", p.Cut)
	o.optional("segment", p.Segment)
	if p.Since != nil {
		o.time("since", *p.Since)
	}
	o.optional("reason", p.Reason)
	o.count("failed", p.Failed)
	o.close()
}

func (p *Retention) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.optional("hold", p.Hold)
	if p.From != nil {
		o.time("from", *p.From)
	}
	if p.Until != nil {
		o.time("until", *p.Until)
	}
	o.optional("segment", p.Segment)
	o.count("first", p.First)
	o.count("records", p.Records)
	o.list("earlier", len(p.Earlier), func(i int) {
		o.open("")
		o.int("first", p.Earlier[i].First)
		o.int("records", p.Earlier[i].Records)
		o.close()
	})
	o.optional("why", p.Why)
	o.optional("by", p.By)
	o.close()
}

func (p *Opened) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.str("record", p.Record)
	o.int("seq", p.Seq)
	o.str("why", p.Why)
	o.optional("by", p.By)
	o.close()
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
