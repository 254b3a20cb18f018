package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Encrypter encrypts a text for one place of one record.
type Encrypter interface {
	// Encrypt appends plain encrypted: as "<data key's id>:<base64>", which
	// opens only at this place of the record with this id.
	Encrypt(dst []byte, id, place, plain string) []byte
}

// Ciphers are what a record is encrypted with while it is written. The zero
// value writes contents as they are, and no originals.
type Ciphers struct {
	// Contents encrypts the contents of bodies; nil: they stay as they are.
	Contents Encrypter
	// Originals encrypts what Record.Unmasked holds; nil: it is left out.
	Originals Encrypter
}

// The places of a record that may be encrypted.
const (
	PlaceRequest   = "request"   // the request's body
	PlaceResponse  = "response"  // the response's body
	PlaceChunk     = "chunk"     // the body of a part
	PlaceOriginals = "originals" // what was there before masking
	PlaceApproval  = "approval"  // the body that approvers are shown; its id is the approval's
)

// DataKey is a key that encrypts texts in records, itself encrypted.
type DataKey struct {
	// ID names the key, in 16 hex digits: the texts begin with it.
	ID string `json:"id"`
	// For is what it encrypts: contents or originals.
	For string `json:"for"`
	// To are the recipients, the long ones cut.
	To []string `json:"to"`
	// Wrapped is an age file, base64: the key's 32 bytes, encrypted to the
	// recipients.
	Wrapped string `json:"wrapped"`
}

// Encrypted is an encrypted text that stands elsewhere than in a record, with
// its data key.
type Encrypted struct {
	// Text is what an [Encrypter] made.
	Text    string  `json:"text"`
	DataKey DataKey `json:"data_key"`
}

// Opened tells that originals were opened.
type Opened struct {
	// Record is the id of the record whose originals they are, Seq its place in
	// the log.
	Record string `json:"record"`
	Seq    int64  `json:"seq"`
	// Why is the reason given.
	Why string `json:"why"`
	// By is who did it, as far as they said.
	By string `json:"by,omitempty"`
}

// Unmasked is what a request and its response were before masking, as far as
// masking changed them or left them out.
type Unmasked struct {
	Request  *Original
	Response *Original
}

// Original is one side before masking.
type Original struct {
	// URL is the address as the client asked for it; empty if it was not
	// masked.
	URL string
	// Headers are the fields that records hold and that were masked, names in
	// lower case. Cookies are never among them.
	Headers map[string]string
	// Body is the bytes as they were sent, also those of a body of which the
	// record has the digest only. Nil if it was not masked.
	Body []byte
	// Cut says that Body is only the beginning.
	Cut bool
}

// originals is how the text of an Unmasked begins: one line of JSON. The bytes
// of the bodies follow it, as they are.
type originals struct {
	Request  *originalHead `json:"request,omitempty"`
	Response *originalHead `json:"response,omitempty"`
}

type originalHead struct {
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    *int              `json:"body,omitempty"` // its length
	Cut     bool              `json:"cut,omitempty"`
}

func (o *Original) head() *originalHead {
	if o == nil {
		return nil
	}
	h := &originalHead{URL: o.URL, Headers: o.Headers, Cut: o.Cut}
	if o.Body != nil {
		n := len(o.Body)
		h.Body = &n
	}
	return h
}

// text is what is encrypted of u.
func (u *Unmasked) text() string {
	head, err := json.Marshal(originals{Request: u.Request.head(), Response: u.Response.head()})
	if err != nil { // strings and numbers only
		panic(err)
	}
	var b strings.Builder
	b.Write(head)
	b.WriteByte('\n')
	for _, side := range []*Original{u.Request, u.Response} {
		if side != nil {
			b.Write(side.Body)
		}
	}
	return b.String()
}

// ParseUnmasked reads what was encrypted as a record's Originals.
func ParseUnmasked(text []byte) (*Unmasked, error) {
	line, rest, _ := strings.Cut(string(text), "\n")
	var head originals
	if err := json.Unmarshal([]byte(line), &head); err != nil {
		return nil, fmt.Errorf("reading originals: %w", err)
	}
	u := new(Unmasked)
	for _, side := range []struct {
		head *originalHead
		into **Original
	}{{head.Request, &u.Request}, {head.Response, &u.Response}} {
		h := side.head
		if h == nil {
			continue
		}
		o := &Original{URL: h.URL, Headers: h.Headers, Cut: h.Cut}
		if h.Body != nil {
			if *h.Body < 0 || *h.Body > len(rest) {
				return nil, errors.New("reading originals: a body is not whole")
			}
			o.Body, rest = []byte(rest[:*h.Body]), rest[*h.Body:]
		}
		*side.into = o
	}
	return u, nil
}

// AppendContent appends the member content of a body, as records write it.
func AppendContent(dst []byte, content string) []byte {
	return appendString(append(dst, `"content":`...), content)
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
