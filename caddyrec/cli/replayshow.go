package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/compare"
	"github.com/caddyrec/caddyrec/replay/rerun"
)

// maxListed is how many requests a summary lists one by one, whatever came of
// them.
const maxListed = 200

var replayColumns = []column{
	{title: "SEQ", right: true},
	{title: "AT", right: true},
	{title: "REQUEST", least: 20},
	{title: "RECORDED", right: true},
	{title: "REPLAYED", right: true},
	{title: "TOOK", right: true},
	{title: "RESULT"},
	{title: "NOTE", least: 8},
}

// replayed shows a report.
func (c *console) replayed(r *rerun.Report, asJSON bool) error {
	if asJSON {
		text, _, err := r.JSON()
		if err != nil {
			return err
		}
		return c.line(text)
	}
	s := sheet{con: c}
	s.field("replay", "%s, %s", r.Replay, r.Pace)
	if r.Session != "" {
		s.field("session", "%s of log %s", r.Session, r.Log)
	}
	s.field("filter", "%s", r.Filter)
	s.field("target", "%s", r.Target)
	if len(r.Baselines) > 0 {
		s.field("baseline", "%s", strings.Join(r.Baselines, ", "))
	}
	s.field("recorded", "%s", c.full(r.RecordedFrom))
	s.blank()
	if err := s.print(); err != nil {
		return err
	}
	t := newTable(c, replayColumns)
	for _, o := range r.Steps {
		if len(r.Steps) > maxListed && o.State == rerun.Matched {
			continue
		}
		if err := t.row(c.outcomeCells(o)); err != nil {
			return err
		}
	}
	if err := t.live(false); err != nil {
		return err
	}
	s = sheet{con: c}
	if len(r.Steps) > maxListed {
		s.heading(dim, "%d that matched are not listed.", r.Counts.Matched)
	}
	for _, o := range r.Steps {
		s.differences(o)
	}
	s.blank()
	s.total(r)
	return s.print()
}

func (c *console) outcomeCells(o *rerun.Outcome) []cell {
	status := func(n int) cell {
		if n == 0 {
			return cell{}
		}
		return cell{strconv.Itoa(n), styleOf(n)}
	}
	took := cell{}
	if o.Took > 0 {
		took = cell{shortDuration(o.Took), dim}
	}
	return []cell{
		{strconv.FormatUint(o.Seq, 10), dim}, {"+" + shortDuration(o.RecordedAt), dim}, {clean(o.Method + " " + o.Path), plainText},
		status(o.Recorded), status(o.Replayed), took, {clean(string(o.State)), styleOfOutcome(string(o.State))}, {clean(outcomeNote(o)), dim},
	}
}

func shortDuration(us int64) string {
	d := time.Duration(us) * time.Microsecond
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

// outcomeNote is what is worth knowing beside the result.
func outcomeNote(o *rerun.Outcome) string {
	var words []string
	if o.Why != "" {
		words = append(words, string(o.Why))
	}
	from := map[rerun.Source]int{}
	for _, f := range o.Filled {
		if !strings.HasPrefix(f.Place, "cookie ") { // that is what cookies are for
			from[f.From]++
		}
	}
	for _, kind := range []rerun.Source{rerun.FromSecrets, rerun.FromOriginal, rerun.FromAnswer, rerun.FromStandIn} {
		if n := from[kind]; n > 0 {
			words = append(words, fmt.Sprintf("%d by %s", n, kind))
		}
	}
	if n := len(o.Unfilled); n > 0 {
		words = append(words, fmt.Sprintf("%d unfilled", n))
	}
	if n := len(o.Learned); n > 0 {
		words = append(words, fmt.Sprintf("%d learned", n))
	}
	if o.Ignored > 0 {
		words = append(words, fmt.Sprintf("%d ignored", o.Ignored))
	}
	if o.Uncompared != "" {
		words = append(words, "body not compared: "+o.Uncompared)
	}
	return strings.Join(words, ", ")
}

// differences writes in what an answer differs, and what else should be known.
func (s *sheet) differences(o *rerun.Outcome) {
	if o.State == rerun.Matched && len(o.Unfilled) == 0 {
		return
	}
	if len(o.Differences)+len(o.Unfilled) == 0 && (o.Detail == "" || o.Why == rerun.WhyUnsafe) {
		return
	}
	s.blank()
	s.heading(bold, "%d  %s %s", o.Seq, o.Method, o.Path)
	if o.Detail != "" {
		s.painted("because", warn, "%s", o.Detail)
	}
	for _, place := range o.Unfilled {
		s.painted("unfilled", warn, "%s", place)
	}
	for _, d := range o.Differences {
		s.difference(d)
	}
	if o.More > 0 {
		s.painted("", bad, "and %d more", o.More)
	}
}

func (s *sheet) difference(d compare.Difference) {
	values := d.Recorded + " → " + d.Replayed
	switch d.Kind {
	case compare.Added:
		values = d.Replayed
	case compare.Removed:
		values = d.Recorded
	}
	s.painted(string(d.Kind), bad, "%s  %s", d.Where(), values)
}

// total sums a replay up in one line.
func (s *sheet) total(r *rerun.Report) {
	if r.Unvouched > 0 {
		s.heading(warn, "%d of these results %s read back from a run that ended without a record: nothing but the replay's folder tells of them.", r.Unvouched, plural(r.Unvouched, "was", "were"))
	}
	if r.UnvouchedNoise {
		s.heading(warn, "What was not compared as noise was read back from a run that ended without a record: nothing but the replay's folder tells that the baselines showed it.")
	}
	c := r.Counts
	var words []string
	for _, n := range []struct {
		count int
		word  string
	}{{c.Differed, "differ"}, {c.Failed, "failed"}, {c.Skipped, "not sent"}, {c.Unknown, "unknown"}} {
		if n.count > 0 {
			words = append(words, fmt.Sprintf("%d %s", n.count, n.word))
		}
	}
	if c.AllMatched() {
		s.heading(good, "All %d matched.", c.Requests)
		return
	}
	s.heading(bad, "%d of %d matched; %s.", c.Matched, c.Requests, strings.Join(words, ", "))
	unsafe := 0
	for _, o := range r.Steps {
		if o.Why == rerun.WhyUnsafe {
			unsafe++
		}
	}
	if unsafe > 0 {
		s.heading(dim, "%d may change something, and %s not sent: --unsafe sends such requests, to an instance made for tests.", unsafe, plural(unsafe, "was", "were"))
	}
}

func styleOfOutcome(word string) style {
	switch word {
	case "matched":
		return good
	case "differs", "failed":
		return bad
	}
	return warn
}

// replayed is a replay in a few words, for a row.
func replayed(p *record.Replay) string {
	text := p.ID + ": "
	if p.Outcome == "" {
		return text + fmt.Sprintf("%d requests to %s", p.Requests, p.Target)
	}
	return text + fmt.Sprintf("%d of %d matched at %s", p.Matched, p.Requests, p.Target)
}

// replay writes what a record tells of a replay.
func (s *sheet) replay(p *record.Replay) {
	if p == nil {
		return
	}
	s.painted("replay", styleOfOutcome(p.Outcome), "%s %s", p.ID, p.Outcome)
	s.field("of", "%s %s", p.Session, p.Filter)
	s.field("target", "%s", p.Target)
	if len(p.Baselines) > 0 {
		s.field("baseline", "%s", strings.Join(p.Baselines, ", "))
	}
	how := fmt.Sprintf("%d", p.Requests)
	if p.Unsafe {
		how += ", unsafe ones too: the target is " + p.Allowed
	}
	if p.Resumed {
		how += ", going on after an interruption"
	}
	s.field("requests", "%s", how)
	if p.Outcome != "" {
		s.field("result", "%d sent: %d matched, %d differ, %d failed, %d unknown; %d not sent", p.Sent, p.Matched, p.Differed, p.Failed, p.Unknown, p.Skipped)
	}
	s.field("plan", "%s", p.Plan)
	s.field("state", "%s", p.State)
	s.field("report", "%s", p.Report)
	s.field("by", "%s", p.By)
}
