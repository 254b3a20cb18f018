package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// record writes all that a record tells.
func (s *sheet) record(it item) {
	r := it.record
	s.heading(bold, "%d  %s  %s", r.Seq, r.Type, r.ID)
	if r.Type == unreadable {
		s.painted("problem", bad, "this line is no record: see what caddy rec verify says")
		s.block([]string{clean(string(it.line))})
		return
	}
	s.field("time", "%s", s.con.full(r.Time.Time))
	s.field("log", "%s %s", r.Log, it.segment)
	s.field("exchange", "%s", r.Exchange)
	s.identity("who", r.Identity)
	s.session(r.Session)
	s.client(r.Client)
	s.gateway(r.Gateway)
	s.retention(r.Retention)
	s.opened(r.Opened)
	s.replay(r.Replay)
	s.key(r.Key)
	s.denial(r.Denial)
	s.approval(r.Approval)
	s.verdicts(r.Schema)
	if t := r.Timing; t != nil {
		s.field("timing", "upstream %s, total %s", micros(t.Upstream), micros(t.Total))
	}
	marks := marksOf(r.Masked)
	if q := r.Request; q != nil {
		s.blank()
		s.heading(bold, "%s %s %s", q.Method, q.URL, q.Proto)
		s.headers(q.Headers)
		s.body(q.Body, marks["request"])
	}
	if p := r.Response; p != nil {
		s.blank()
		s.response(p, marks["response"])
	}
	if part := r.Chunk; part != nil {
		s.blank()
		s.heading(bold, "Part %d, at byte %d", part.Index, part.Offset)
		s.body(&part.Body, marks["response"])
	}
	s.masked(r.Masked)
	if it.originals == nil && r.Originals != "" {
		s.painted("originals", warn, "what was masked is kept, encrypted: give --originals --identity FILE --why TEXT")
	}
	s.originals(it.originals)
}

func micros(us int64) string { return (time.Duration(us) * time.Microsecond).String() }

func (s *sheet) identity(label string, id *record.Identity) {
	if id == nil {
		return
	}
	s.field(label, "%s", person(id))
	if len(id.Groups) > 0 {
		s.field("groups", "%s", strings.Join(id.Groups, ", "))
	}
}

// person is an identity in a few words.
func person(id *record.Identity) string {
	if id.Issuer == "" {
		return id.Subject
	}
	return id.Subject + " (" + id.Issuer + ")"
}

func (s *sheet) session(n *record.Session) {
	if n == nil {
		return
	}
	text := n.ID + " (by " + n.Key + ")"
	for _, at := range []struct {
		what    string
		seconds int64
	}{{"authenticated", n.AuthTime}, {"issued", n.IssuedAt}, {"expires", n.Expires}} {
		if at.seconds != 0 {
			text += ", " + at.what + " " + time.Unix(at.seconds, 0).In(s.con.zone).Format(time.DateTime)
		}
	}
	if n.ACR != "" {
		text += ", acr " + n.ACR
	}
	if len(n.AMR) > 0 {
		text += ", amr " + strings.Join(n.AMR, " ")
	}
	s.field("session", "%s", text)
}

func (s *sheet) client(c *record.Client) {
	if c == nil {
		return
	}
	text := c.IP
	if c.PeerIP != c.IP {
		text += " by way of " + c.PeerIP
	}
	if c.UserAgent != "" {
		text += ", " + c.UserAgent
	}
	s.field("client", "%s", text)
}

func (s *sheet) gateway(g *record.Gateway) {
	if g == nil {
		return
	}
	if g.Version != "" {
		s.field("gateway", "%s", g.Version)
	}
	if g.Cut > 0 {
		s.painted("cut", warn, "%d bytes of a torn tail, off %s", g.Cut, g.Segment)
	}
	if g.Since != nil {
		s.painted("outage", bad, "since %s: %d records could not be committed, the first for %s", s.con.full(g.Since.Time), g.Failed, g.Reason)
	}
}

func (s *sheet) retention(r *record.Retention) {
	if r == nil {
		return
	}
	if r.Hold != "" {
		s.field("hold", "%s", r.Hold)
	}
	if r.Segment != "" {
		s.painted("purged", warn, "%d records from %d on, in %s", r.Records, r.First, r.Segment)
	}
	if r.From != nil {
		s.field("from", "%s", s.con.full(r.From.Time))
	}
	if r.Until != nil {
		s.field("until", "%s", s.con.full(r.Until.Time))
	}
	s.field("why", "%s", r.Why)
	if r.By != "" {
		s.field("by", "%s", r.By)
	}
}

func (s *sheet) opened(o *record.Opened) {
	if o == nil {
		return
	}
	s.painted("opened", warn, "the originals of record %d, %s", o.Seq, o.Record)
	s.field("why", "%s", o.Why)
	if o.By != "" {
		s.field("by", "%s", o.By)
	}
}

func (s *sheet) denial(d *record.Denial) {
	if d == nil {
		return
	}
	s.painted("refused", bad, "%d %s, by %s", d.Status, d.Reason, d.By)
	if d.Suppressed > 0 {
		s.painted("", bad, "and %d more that were counted, not written out", d.Suppressed)
	}
	if d.Unverified != nil {
		s.field("claimed", "%s (nobody vouches for it)", person(d.Unverified))
	}
}

func (s *sheet) approval(a *record.Approval) {
	if a == nil {
		return
	}
	s.painted("approval", styleOfState(a.State), "%s %s", a.ID, a.State)
	s.identity("requester", a.Requester)
	if a.Voter != nil {
		s.painted("vote", styleOfState(a.Decision), "%s by %s", a.Decision, person(a.Voter))
		if a.Reason != "" {
			s.field("reason", "%q", a.Reason)
		}
	}
	for _, v := range a.Votes {
		s.painted("voted", styleOfState(v.Decision), "%s by %s at %s", v.Decision, person(&v.Voter), v.Time.In(s.con.zone).Format(time.DateTime))
	}
	if a.Expires != nil {
		s.field("expires", "%s", s.con.full(a.Expires.Time))
	}
	s.field("binding", "%s", a.Binding)
}

func (s *sheet) verdicts(v *record.Schemas) {
	if v == nil {
		return
	}
	for _, side := range []struct {
		name    string
		verdict *record.Verdict
	}{{"request", v.Request}, {"response", v.Response}} {
		d := side.verdict
		if d == nil {
			continue
		}
		_, look := verdict(&record.Schemas{Request: d})
		mode := ""
		if d.Mode != "" {
			mode = " (" + d.Mode + ")"
		}
		s.painted("schema", look, "%s %s: %s version %s%s", side.name, d.Verdict, d.ID, d.Version, mode)
		for _, f := range d.Faults {
			s.painted("", bad, "%s %s", orRoot(f.Pointer), f.Keyword)
		}
	}
}

// orRoot names the root, whose JSON Pointer is empty.
func orRoot(pointer string) string {
	if pointer == "" {
		return "(the whole)"
	}
	return pointer
}

func (s *sheet) response(p *record.Response, marks map[string]string) {
	text := strconv.Itoa(p.Status)
	if p.Replaced != 0 {
		text += fmt.Sprintf(", withheld: the client got %d", p.Replaced)
	}
	if p.Error != "" {
		text += ", not whole: " + p.Error
	}
	look := styleOf(p.Status)
	if p.Replaced != 0 || p.Error != "" {
		look = bad
	}
	s.heading(look, "%s", text)
	s.field("upstream", "%s", p.Upstream)
	s.field("error id", "%s", p.ErrorID)
	s.headers(p.Headers)
	s.body(p.Body, marks)
}

// masked lists what was masked, and why.
func (s *sheet) masked(all []record.Masked) {
	if len(all) == 0 {
		return
	}
	s.blank()
	s.heading(bold, "Masked")
	for _, m := range all {
		times := ""
		if m.Count > 1 {
			times = fmt.Sprintf(" ×%d", m.Count)
		}
		s.painted(m.Part, warn, "%s  %s%s", orRoot(m.Pointer), m.Rule, times)
	}
}

// marksOf sorts the masked places of bodies by part: pointer to rule.
func marksOf(all []record.Masked) map[string]map[string]string {
	marks := map[string]map[string]string{"request": {}, "response": {}}
	for _, m := range all {
		if of, ok := marks[m.Part]; ok {
			of[m.Pointer] = m.Rule
		}
	}
	return marks
}
