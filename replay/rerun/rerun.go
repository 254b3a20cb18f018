// Package rerun sends recorded requests again, to an instance made for tests,
// and compares what comes back with what is on record.
//
// A [Plan] holds the exchanges in the order in which they began. [Run] sends
// them with the recorded pauses and the recorded overlap: a request is sent
// once all those are answered whose answers came before it did on record. What
// was masked is filled in from outside (see [Options]); ids that the target
// gives in place of the recorded ones are learned and used from then on.
//
// Its promises: nothing goes to the address that was recorded, nor anywhere a
// redirect leads; an unsafe request goes only to a target that marks itself as
// one for tests; and neither a credential, nor a value that was filled in, nor
// a secret of the target's answers is in anything that it returns or stores.
package rerun

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/caddyrec/caddyrec/record"
)

// Step is one recorded exchange that can be sent again.
type Step struct {
	// Seq and Exchange name the record.
	Seq      uint64
	Exchange string
	// Session is the id of the session, or else whose request it was: cookies
	// are kept apart by it.
	Session string
	// Began and Ended are when the gateway saw the request, and when it had the
	// answer.
	Began, Ended time.Time
	UserAgent    string
	// Encrypted says that bodies are encrypted in the record: what is told of
	// them are places, not values.
	Encrypted bool
	Request   *record.Request
	Response  *record.Response
	Masked    []record.Masked
}

// FromRecord makes a step of a record of an exchange. It reports false for
// other records, and for an exchange that the gateway answered itself, since
// such a request never reached an upstream.
func FromRecord(r *record.Record) (*Step, bool) {
	if r.Type != record.ExchangeType || r.Request == nil || r.Response == nil {
		return nil, false
	}
	if a := r.Approval; a != nil && a.State != "used" && a.State != "approved" {
		return nil, false
	}
	if refused(r) {
		return nil, false
	}
	s := &Step{
		Seq: r.Seq, Exchange: r.Exchange, Began: r.Time.Time, Ended: r.Time.Time,
		Request: r.Request, Response: r.Response, Masked: r.Masked,
	}
	if r.Timing != nil {
		s.Began = s.Ended.Add(-time.Duration(r.Timing.Total) * time.Microsecond)
	}
	if r.Client != nil {
		s.UserAgent = r.Client.UserAgent
	}
	switch {
	case r.Session != nil:
		s.Session = r.Session.ID
	case r.Identity != nil:
		s.Session = r.Identity.Issuer + " " + r.Identity.Subject
	}
	return s, true
}

// refused reports whether the answer on record is a refusal of the gateway's own:
// a problem whose instance is this very exchange, which no upstream was told of.
// Of what ran and then failed there is one too, and of an answer that was
// withheld, which need not be a proxy's.
func refused(r *record.Record) bool {
	body := r.Response.Body
	if r.Response.Upstream != "" || body == nil || body.Content == nil || body.Type != "application/problem+json" {
		return false
	}
	var p struct{ Instance, Reason string }
	return json.Unmarshal([]byte(*body.Content), &p) == nil && p.Instance == "urn:uuid:"+r.Exchange &&
		p.Reason != "approved-failed" && !strings.HasPrefix(p.Reason, "response-")
}

// Safe says whether the request's method is safe by definition (RFC 9110
// section 9.2.1) and worth sending again.
func (s *Step) Safe() bool {
	switch s.Request.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return false
}

// origin is the scheme and host that was asked; rest is what follows.
func (s *Step) origin() (origin, rest string) {
	scheme, after, ok := strings.Cut(s.Request.URL, "://")
	if !ok {
		return "", s.Request.URL
	}
	if i := strings.IndexAny(after, "/?"); i >= 0 {
		return scheme + "://" + after[:i], after[i:]
	}
	return s.Request.URL, "/"
}

// path is the escaped path that was asked, masked.
func (s *Step) path() string {
	_, rest := s.origin()
	path, _, _ := strings.Cut(rest, "?")
	return path
}

// Plan is what is sent again, in the order in which it began.
type Plan struct {
	Steps []*Step
	fresh []map[string]bool // by step, the ids that its answer was the first to tell
}

// NewPlan puts steps in order.
func NewPlan(steps []*Step) *Plan {
	p := &Plan{Steps: slices.Clone(steps)}
	slices.SortStableFunc(p.Steps, func(a, b *Step) int {
		if c := a.Began.Compare(b.Began); c != 0 {
			return c
		}
		return cmp.Compare(a.Seq, b.Seq)
	})
	p.fresh = freshIDs(p.Steps)
	return p
}

// Origins are the addresses that were asked, as scheme://host, and those of the
// upstreams that answered, without repeats. What is no address in a network,
// such as a Unix socket, is not among them.
func (p *Plan) Origins() []string {
	var all []string
	add := func(origin string) {
		if origin != "" && !slices.Contains(all, origin) {
			all = append(all, origin)
		}
	}
	for _, s := range p.Steps {
		origin, _ := s.origin()
		add(origin)
		if s.Response != nil {
			add(upstreamOrigin(s.Response.Upstream))
		}
	}
	return all
}

// upstreamOrigin is the origin that an upstream's address stands for, such as
// orders:8080 or tcp4/orders:8080; "": none.
func upstreamOrigin(address string) string {
	network, rest, named := strings.Cut(address, "/")
	switch {
	case address == "":
		return ""
	case !named:
		return "http://" + address
	case strings.HasPrefix(network, "tcp") || strings.HasPrefix(network, "udp"):
		return "http://" + rest
	}
	return ""
}

// SecretNames are the names whose values were masked somewhere in the plan, by
// whatever rule: what is told of new answers has them masked too.
func (p *Plan) SecretNames() []string {
	var all []string
	for _, s := range p.Steps {
		for _, m := range s.Masked {
			if strings.HasPrefix(m.Rule, "detect:") || m.Part == "header" {
				continue // it is what is in them, or the list of fields, that says so
			}
			name := lastName(m.Pointer)
			if canonical(name) != "" && !isIndex(name) && !strings.Contains(name, "[masked") && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// hostOf is the host and port that an origin stands for: as what answers it reads
// them, who may be more lenient than [url.Parse], and not as they are spelled.
func hostOf(origin string) (host, port string) {
	scheme, at, _ := strings.Cut(origin, "://")
	if u, err := url.Parse(origin); err == nil {
		host, port = u.Hostname(), u.Port()
	} else {
		host = at
		if i := strings.LastIndexByte(at, ':'); i > strings.LastIndexByte(at, ']') {
			host, port = at[:i], at[i+1:]
		}
		host = strings.Trim(host, "[]")
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		port = strconv.FormatUint(n, 10) // 080 is dialled as 80
	}
	if ascii, err := httpguts.PunycodeHostPort(host); err == nil { // as it is sent
		host = ascii
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), port
}
