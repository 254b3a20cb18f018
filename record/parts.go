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
	o.optional("upstream", p.Upstream)
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

func (p *Masked) append(o *object) {
	o.open("")
	o.str("part", p.Part)
	o.str("pointer", p.Pointer)
	o.str("rule", p.Rule)
	o.str("action", p.Action)
	o.count("count", int64(p.Count))
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
