package cli

import (
	"fmt"
	"strings"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/frames"
)

// frame writes what a frame of a session shows. Asked says that the request of
// its exchange was shown already, as it was asked.
func (s *sheet) frame(f *frames.Shown, asked bool) {
	head := fmt.Sprintf("+%s  %s  #%d", clockText(f.At), f.Time.In(s.con.zone).Format("15:04:05"), f.Seq)
	if f.Record == nil {
		s.heading(dim, "%s", head)
		look, word := bad, "damaged: nothing of it is shown"
		if f.Kind == frames.Purge {
			look, word = warn, "removed by retention"
		}
		s.painted("record", look, "%d  %s", f.Seq, word)
		s.painted("", look, "%s", f.Fault)
		s.blank()
		return
	}
	r, err := record.Parse(f.Record)
	if err != nil {
		s.heading(bad, "%s  this record cannot be read", head)
		s.blank()
		return
	}
	s.heading(dim, "%s  %s  %s", head, r.Type, who(r))
	if f.Proof == ledger.Unsigned {
		s.painted("proof", warn, "not signed for yet")
	}
	marks := marksOf(r.Masked)
	s.came(r, f.Kind)
	s.denial(r.Denial)
	s.approval(r.Approval)
	if q := r.Request; q != nil && !(asked && f.Kind == frames.Exchange) {
		s.heading(bold, "→ %s %s", q.Method, q.URL)
		s.headers(q.Headers)
		s.shownBody(q.Body, marks["request"])
	} else if q != nil {
		s.heading(dim, "→ %s %s", q.Method, q.URL)
	}
	if p := r.Response; p != nil {
		s.answer(r, p, marks["response"])
	}
	if part := r.Chunk; part != nil {
		s.heading(bold, "← part %d, at byte %d", part.Index, part.Offset)
		s.shownBody(&part.Body, marks["response"])
	}
	if word, look := verdict(r.Schema); word != "" {
		s.painted("schema", look, "%s", word)
	}
	if n := maskedIn(r); n > 0 {
		s.painted("masked", warn, "%s", maskedText(r.Masked))
	}
	s.blank()
}

// came tells where a request came from, once for a session's own record and for
// each refusal.
func (s *sheet) came(r *record.Record, k frames.Kind) {
	if k != frames.Session && k != frames.Refusal {
		return
	}
	s.identity("who", r.Identity)
	s.session(r.Session)
	s.client(r.Client)
}

// answer writes a response.
func (s *sheet) answer(r *record.Record, p *record.Response, marks map[string]string) {
	text := fmt.Sprintf("← %d", p.Status)
	if t := r.Timing; t != nil {
		text += "  " + micros(t.Total)
	}
	look := styleOf(p.Status)
	if p.Replaced != 0 {
		text += fmt.Sprintf("  withheld: the client got %d", p.Replaced)
		look = bad
	}
	if p.Error != "" {
		text += "  not whole: " + p.Error
		look = bad
	}
	s.heading(look, "%s", text)
	s.headers(p.Headers)
	s.shownBody(p.Body, marks)
}

// shownBody writes a body's text, or why there is none.
func (s *sheet) shownBody(b *record.Body, marks map[string]string) {
	switch {
	case b == nil:
		return
	case b.Content != nil:
		s.content(*b.Content, marks)
	case b.Size > 0 || b.Omitted != "":
		s.painted("body", dim, "%d bytes %s", b.Size, b.Type)
	}
	if b.Omitted != "" {
		s.painted("", warn, "not recorded: %s", b.Omitted)
	}
	if b.Truncated {
		s.painted("", warn, "it went on past what was captured")
	}
}

// maskedText lists what was masked in a few words.
func maskedText(all []record.Masked) string {
	var places []string
	for _, m := range all {
		place := m.Part + " " + orRoot(m.Pointer) + " (" + m.Rule + ")"
		if m.Count > 1 {
			place += fmt.Sprintf(" ×%d", m.Count)
		}
		places = append(places, place)
	}
	const most = 6
	if n := len(places) - most; n > 0 {
		places = append(places[:most], fmt.Sprintf("and %d more", n))
	}
	return strings.Join(places, ", ")
}
