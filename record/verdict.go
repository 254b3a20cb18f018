package record

// Schemas tells the schemas that the two sides were held against.
type Schemas struct {
	Request  *Verdict `json:"request,omitempty"`
	Response *Verdict `json:"response,omitempty"`
}

// Verdict is one schema, and what came of it.
type Verdict struct {
	// ID is the schema's $id, or its file's name.
	ID string `json:"id"`
	// Version is the schema's x-version, or the digest's first 12 digits.
	Version string `json:"version"`
	// Digest is the SHA-256 of the schema's text, hex.
	Digest string `json:"digest"`
	// Verdict is valid, invalid, or unchecked.
	Verdict string `json:"verdict"`
	// Mode is enforce, report or shadow.
	Mode string `json:"mode,omitempty"`
	// Faults are the first of the places at fault, sorted.
	Faults []Fault `json:"faults,omitempty"`
}

// Fault is one place at fault; it never holds a value.
type Fault struct {
	// Pointer is the place, a JSON Pointer (RFC 6901), masked where a key is
	// itself a secret.
	Pointer string `json:"pointer"`
	// Keyword is the schema keyword that failed.
	Keyword string `json:"keyword"`
	// Schema is where that keyword stands: a JSON Pointer into the schema.
	Schema string `json:"schema,omitempty"`
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
