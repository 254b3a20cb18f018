package cli

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// rowColumns are those of a table of records. In a pipe, where nothing is held
// back to see how wide it is and nothing has to fit, they have room for what
// comes as a rule.
func (c *console) rowColumns() []column {
	when, typ := 14, 10
	if !c.tty {
		when, typ = len(time.DateTime+"Z"), len(record.ApprovalRequested)
	}
	return []column{
		{title: "SEQ", usual: 6, right: true},
		{title: "TIME", usual: when},
		{title: "TYPE", usual: typ, least: 8},
		{title: "WHO", usual: 12, least: 6},
		{title: "WHAT", usual: 30, least: 10},
		{title: "STATUS", usual: 6},
		{title: "NOTE", usual: 10, least: 6},
		{title: "MASKED", right: true},
	}
}

// cells are a record's cells, one for each column.
func (c *console) cells(r *record.Record) []cell {
	status := cell{}
	if n := statusOf(r); n != 0 {
		status = cell{strconv.Itoa(n), styleOf(n)}
	}
	remark := remark(r)
	masked := cell{}
	if n := maskedIn(r); n > 0 {
		masked = cell{strconv.Itoa(n), warn}
	}
	return []cell{
		{strconv.FormatUint(r.Seq, 10), dim},
		{c.short(r.Time.Time), plainText},
		{clean(string(r.Type)), styleOfType(r.Type)},
		{clean(who(r)), plainText},
		{clean(what(r)), plainText},
		status,
		{clean(remark.text), remark.style},
		masked,
	}
}

func styleOfType(t record.Type) style {
	switch {
	case t == record.Denied, t == record.GatewayRecovered, t == record.GatewayOutage, t == record.OriginalsOpened,
		t == record.KeyRefused, t == record.KeyAnomaly:
		return bad
	case strings.HasPrefix(string(t), "approval."):
		return accent
	case t == record.ExchangeType:
		return plainText
	}
	return dim
}

// short is a time as a table shows it. In a pipe it is whole.
func (c *console) short(t time.Time) string {
	t = t.In(c.zone)
	layout := "01-02 15:04:05"
	if !c.tty || t.Year() != c.now().In(c.zone).Year() {
		layout = time.DateTime
	}
	if c.zone == time.UTC {
		layout += "Z"
	}
	return t.Format(layout)
}

func who(r *record.Record) string {
	switch {
	case r.Approval != nil && r.Approval.Voter != nil:
		return r.Approval.Voter.Subject
	case r.Identity != nil:
		return r.Identity.Subject
	case r.Approval != nil && r.Approval.Requester != nil:
		return r.Approval.Requester.Subject
	case r.Key != nil:
		return r.Key.By
	case r.Denial != nil && r.Denial.Unverified != nil:
		return "?" + r.Denial.Unverified.Subject
	case r.Opened != nil:
		return r.Opened.By
	}
	return ""
}

func what(r *record.Record) string {
	switch {
	case r.Chunk != nil:
		return fmt.Sprintf("part %d: %d bytes at %d", r.Chunk.Index, r.Chunk.Body.Size, r.Chunk.Offset)
	case r.Request != nil:
		return r.Request.Method + " " + pathOf(r.Request.URL)
	case r.Key != nil:
		return keyWords(r.Key)
	case r.Approval != nil:
		return r.Approval.ID
	case r.Opened != nil:
		return fmt.Sprintf("record %d: %s", r.Opened.Seq, r.Opened.Why)
	case r.Session != nil:
		return r.Session.ID
	case r.Gateway != nil && r.Gateway.Cut > 0:
		return fmt.Sprintf("%d bytes cut off %s", r.Gateway.Cut, r.Gateway.Segment)
	case r.Retention != nil && r.Type == record.RetentionPurged:
		return fmt.Sprintf("%d records from %d on: %s", r.Retention.Records, r.Retention.First, r.Retention.Why)
	case r.Retention != nil:
		return r.Retention.Hold + ": " + r.Retention.Why
	case r.Replay != nil:
		return replayed(r.Replay)
	case r.Gateway != nil && r.Gateway.Failed > 0:
		return fmt.Sprintf("%d records could not be committed: %s", r.Gateway.Failed, r.Gateway.Reason)
	case r.Gateway != nil:
		return r.Gateway.Version
	}
	return ""
}

// pathOf is an address without scheme and host.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	_, rest, _ := strings.Cut(address, "://")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		return rest[i:]
	}
	return "/"
}

func statusOf(r *record.Record) int {
	switch {
	case r.Response != nil:
		return r.Response.Status
	case r.Denial != nil:
		return r.Denial.Status
	}
	return 0
}

// remark is what is worth knowing of a record beyond its status: verdicts,
// approval, refusal, what went wrong.
func remark(r *record.Record) cell {
	var words []string
	look := plainText
	say := func(s style, word string) {
		words = append(words, word)
		if look != bad && s != plainText {
			look = s
		}
	}
	if r.Denial != nil {
		say(bad, r.Denial.Reason)
		if r.Denial.Suppressed > 0 {
			say(bad, fmt.Sprintf("+%d", r.Denial.Suppressed))
		}
	}
	if k := r.Key; k != nil && k.Reason != "" {
		say(bad, k.Reason)
	}
	if word, s := verdict(r.Schema); word != "" {
		say(s, word)
	}
	if a := r.Approval; a != nil {
		word := a.State
		if a.Decision != "" {
			word = a.Decision
		}
		say(styleOfState(word), word)
	}
	if p := r.Replay; p != nil && p.Outcome != "" {
		say(styleOfOutcome(p.Outcome), p.Outcome)
	}
	if p := r.Response; p != nil {
		if p.Replaced != 0 {
			say(bad, fmt.Sprintf("→%d", p.Replaced))
		}
		if p.Error != "" {
			say(bad, p.Error)
		}
	}
	return cell{strings.Join(words, " "), look}
}

func styleOfState(word string) style {
	switch word {
	case "approve", "approved", "used":
		return good
	case "deny", "denied":
		return bad
	}
	return warn
}

// verdict sums up what came of both sides' schemas.
func verdict(s *record.Schemas) (string, style) {
	if s == nil {
		return "", plainText
	}
	invalid := func(v *record.Verdict) bool { return v != nil && v.Verdict == "invalid" }
	switch {
	case invalid(s.Request) && invalid(s.Response):
		return "invalid", bad
	case invalid(s.Request):
		return "invalid-request", bad
	case invalid(s.Response):
		return "invalid-response", bad
	}
	for _, v := range []*record.Verdict{s.Request, s.Response} {
		if v != nil && v.Verdict != "valid" {
			return v.Verdict, warn
		}
	}
	if s.Request == nil && s.Response == nil {
		return "", plainText
	}
	return "valid", good
}

// maskedIn counts the places that were masked.
func maskedIn(r *record.Record) int {
	n := 0
	for _, m := range r.Masked {
		n += max(1, m.Count)
	}
	return n
}
