package openapi

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/schema"
)

// maxFaults is how many faults of parameters are told of one request.
const maxFaults = 32

// parameter is one described parameter.
type parameter struct {
	name, in, style string
	key             string // of a header: its canonical name
	explode         bool
	required        bool
	allowEmpty      bool // nothing after the = is right
	sensitive       bool
	content         bool // its text is of a media type, and has no style
	json            bool // that is JSON; else it is plain text, unless opaque
	opaque          bool // its media type is another: the text is not looked at
	place           string

	schema      *schema.Schema // nil: anything goes
	schemaPlace string
	shape       *shape
}

// pointer is where faults say the parameter is.
func (p *parameter) pointer() string { return "/" + p.in + "/" + jsonscan.EscapeToken(p.name) }

// Request is what [Operation.CheckParams] looks at.
type Request struct {
	Path   []Param     // from [Document.Find]
	Query  string      // as it was sent, without the ?
	Header http.Header // Cookie is read from it
}

// CheckParams checks the described parameters in path, query, header and
// cookies: that required ones are there, are written in their style, and satisfy
// their schemas. Others may be there.
//
// A text is taken as the types its schema has: 5 as a number where it takes
// numbers. A list may be written with its separator escaped, as many clients do.
//
// Faults are sorted, and no more than 32. Their pointers begin with /path,
// /query, /header or /cookie and the parameter's name; keys below it may be the
// client's. The keywords are the schema's, or required; style, for what is not
// written as described, stands there twice or is no UTF-8; content, for what
// should be JSON and is not; undecided, where the schema could come to no
// verdict. There is never a value in them.
func (o *Operation) CheckParams(r Request) []schema.Fault {
	if len(o.params) == 0 {
		return nil
	}
	c := checker{request: r}
	for _, p := range o.params {
		c.check(p)
	}
	slices.SortFunc(c.faults, func(a, b schema.Fault) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Keyword, b.Keyword), cmp.Compare(a.Schema, b.Schema))
	})
	return c.faults[:min(len(c.faults), maxFaults)]
}

// pairs are names, decoded, and their values as they were sent.
type pairs map[string][]string

// checker checks the parameters of one request.
type checker struct {
	request        Request
	query, cookies pairs // once they are needed
	faults         []schema.Fault
}

func (c *checker) check(p *parameter) {
	readings, there := c.read(p)
	switch {
	case !there && p.required:
		c.fault(p, "required")
	case !there || p.schema == nil:
	case len(readings) == 0:
		c.fault(p, "style")
	default:
		c.validate(p, readings)
	}
}

func (c *checker) fault(p *parameter, keyword string) {
	c.faults = append(c.faults, schema.Fault{Pointer: p.pointer(), Keyword: keyword, Schema: p.place})
}

// read is what a parameter may be read as; there is false if it was not sent.
func (c *checker) read(p *parameter) (found []reading, there bool) {
	switch p.in {
	case "path":
		for _, v := range c.request.Path {
			if v.Name == p.name {
				if p.content || p.schema == nil {
					return whole([]string{v.Raw}, decodePath), true
				}
				return p.path(v.Raw), true
			}
		}
		return nil, false
	case "query":
		if c.query == nil {
			c.query = parseQuery(c.request.Query)
		}
		return p.inPairs(c.query, decodeQuery)
	case "cookie":
		if c.cookies == nil {
			c.cookies = parseCookies(c.request.Header["Cookie"])
		}
		return p.inPairs(c.cookies, decodeCookie)
	}
	values := c.request.Header[p.key]
	if len(values) == 0 {
		return nil, false
	}
	text := strings.Trim(strings.Join(values, ","), " \t")
	if p.content || p.schema == nil {
		return whole([]string{text}, decodeHeader), true
	}
	decode := func(piece string) (string, bool) { return decodeHeader(strings.Trim(piece, " \t")) }
	return p.readings(text, decode, ","), true
}

// inPairs reads a parameter from a query or from cookies.
func (p *parameter) inPairs(all pairs, decode decoder) (found []reading, there bool) {
	values := all[p.name]
	switch {
	case p.content || p.schema == nil:
		return whole(values, decode), len(values) > 0
	case p.allowEmpty && len(values) == 1 && values[0] == "":
		return []reading{{}}, true
	case p.style == "deepObject":
		return p.deep(all)
	}
	return p.pairs(all, decode)
}

// whole takes the one value there may be as a text.
func whole(values []string, decode decoder) []reading {
	if len(values) != 1 {
		return nil
	}
	text, ok := decode(values[0])
	if !ok {
		return nil
	}
	return []reading{{kind: isString, text: text}}
}

// validate wants one of the readings to satisfy the schema, and tells what is
// wrong with the first otherwise.
func (c *checker) validate(p *parameter, readings []reading) {
	if p.opaque || readings[0].kind == 0 { // an empty value that may be empty
		return
	}
	if p.json {
		text := []byte(readings[0].text)
		if report, err := jsonscan.Check(text, jsonscan.Limits{}); err != nil || report.Duplicate {
			c.fault(p, "content")
			return
		}
		c.tell(p, text)
		return
	}
	var first, text []byte
	for i, r := range readings {
		for _, plain := range []bool{false, true} {
			text = r.append(text[:0], p.shape, plain)
			if faults, err := p.schema.Validate(text); err == nil && len(faults) == 0 {
				return
			}
			if i == 0 && !plain {
				first = slices.Clone(text)
			}
		}
	}
	c.tell(p, first)
}

// tell adds the faults of a text.
func (c *checker) tell(p *parameter, text []byte) {
	faults, err := p.schema.Validate(text)
	if err != nil {
		c.fault(p, "undecided")
	}
	for _, f := range faults {
		f.Pointer = p.pointer() + f.Pointer
		if strings.HasPrefix(f.Schema, "/") || f.Schema == "" {
			f.Schema = p.schemaPlace + f.Schema
		}
		c.faults = append(c.faults, f)
	}
}

// parseQuery takes a query apart at &, as HTML forms write it. A name that does
// not decode is no parameter's.
func parseQuery(text string) pairs {
	all := pairs{}
	for piece := range strings.SplitSeq(text, "&") {
		if piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		if name, ok := decodeQuery(name); ok {
			all[name] = append(all[name], value)
		}
	}
	return all
}

// parseCookies: RFC 6265 section 4.2.1, and several fields as HTTP/2 has them.
func parseCookies(fields []string) pairs {
	all := pairs{}
	for _, field := range fields {
		for piece := range strings.SplitSeq(field, ";") {
			name, value, ok := strings.Cut(strings.Trim(piece, " \t"), "=")
			if !ok {
				continue
			}
			if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			all[name] = append(all[name], value)
		}
	}
	return all
}
