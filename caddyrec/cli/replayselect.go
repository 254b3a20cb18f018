package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/rerun"
)

// selectionFlags say which exchanges are replayed.
type selectionFlags struct {
	session, sub, exchange, since, until, path string
	methods, status                            []string
}

func (s *selectionFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&s.sub, "sub", "", "only what this subject asked")
	fs.StringVar(&s.exchange, "exchange", "", "only this exchange")
	fs.StringVar(&s.since, "since", "", "only what is newer: a duration such as 90m or 7d, or a time such as 2026-11-21T18:00:00Z")
	fs.StringVar(&s.until, "until", "", "only what is older than this time")
	fs.StringVar(&s.path, "path", "", "only paths that begin so, such as /v1/orders")
	fs.StringSliceVar(&s.methods, "method", nil, "only requests with this method")
	fs.StringSliceVar(&s.status, "status", nil, "only answers with this status, such as 404 or 5xx")
}

// text is the filter as the command line says it, without the session.
func (s *selectionFlags) text() string {
	var words []string
	for _, f := range []struct{ name, value string }{
		{"sub", s.sub}, {"exchange", s.exchange}, {"since", s.since}, {"until", s.until}, {"path", s.path},
		{"method", strings.Join(s.methods, ",")}, {"status", strings.Join(s.status, ",")},
	} {
		if f.value != "" {
			words = append(words, "--"+f.name+" "+f.value)
		}
	}
	return strings.Join(words, " ")
}

// chosen are the exchanges that a replay sends again, and what was left out.
type chosen struct {
	opener    opener
	wants     bool // originals
	steps     []*rerun.Step
	originals rerun.Originals
	opened    []caddyrec.OpenedRecord
	own       int // that the gateway answered itself
}

// add takes an exchange in, with its bodies and originals opened where there is
// a key for them.
func (c *chosen) add(it item) error {
	encrypted := isEncrypted(it.record)
	it, err := c.opener.body(it)
	if err != nil {
		return err
	}
	step, ok := rerun.FromRecord(it.record)
	if !ok {
		c.own++
		return nil
	}
	if len(c.steps) == maxChosen {
		return fmt.Errorf("more than %d exchanges match: choose fewer, with --since and --until", maxChosen)
	}
	step.Encrypted = encrypted
	c.steps = append(c.steps, step)
	if !c.wants || it.record.Originals == "" {
		return nil
	}
	was, err := c.opener.originals(it)
	if err != nil {
		return err
	}
	if was.Request != nil {
		if c.originals == nil {
			c.originals = rerun.Originals{}
		}
		c.originals[step.Exchange] = was.Request
		c.opened = append(c.opened, opened(it.record))
	}
	return nil
}

// isEncrypted says whether a record has bodies that take a key.
func isEncrypted(r *record.Record) bool {
	in := func(b *record.Body) bool { return b != nil && b.Encrypted != "" }
	return r.Request != nil && in(r.Request.Body) || r.Response != nil && in(r.Response.Body)
}

// maxChosen bounds a plan: it is held in memory.
const maxChosen = 100_000

// choose reads the exchanges that the flags name.
func (s *selectionFlags) choose(src *source, out *chosen, now time.Time, zone *time.Location) error {
	if s.session == "" && s.text() == "" {
		return fmt.Errorf("which requests? Name a session, or filter with --sub, --since, --path, --exchange, …")
	}
	want, err := (&filterFlags{
		types: []string{string(record.ExchangeType)}, sub: s.sub, session: s.session, exchange: s.exchange, since: s.since, status: s.status,
	}).parse(now, zone)
	if err != nil {
		return err
	}
	var until time.Time
	if s.until != "" {
		if until, err = parseTime(s.until, zone); err != nil {
			return fmt.Errorf("--until %w", err)
		}
	}
	start := src.since(want.begin())
	err = src.each(want, start, func(it item) error {
		r := it.record
		if r.Type != record.ExchangeType || r.Request == nil || !until.IsZero() && r.Time.After(until) ||
			len(s.methods) > 0 && !slices.Contains(s.methods, r.Request.Method) || !strings.HasPrefix(pathOf(r.Request.URL), s.path) {
			return nil
		}
		return out.add(it)
	})
	if err != nil {
		return broken(src, err)
	}
	if len(out.steps) == 0 {
		return fmt.Errorf("no exchange in log %s of %s matches", src.log, src.dir)
	}
	return nil
}

// again reads the exchanges of an earlier plan.
func (c *chosen) again(src *source, plan []planned) error {
	exchanges := make(map[uint64]string, len(plan))
	from := plan[0].Seq
	for _, p := range plan {
		exchanges[p.Seq] = p.Exchange
		from = min(from, p.Seq)
	}
	err := src.each(filter{}, from, func(it item) error {
		exchange, ok := exchanges[it.record.Seq]
		if !ok {
			return nil
		}
		if it.record.Exchange != exchange {
			return fmt.Errorf("record %d is not the one that the replay was planned with: is this another log?", it.record.Seq)
		}
		if err := c.add(it); err != nil {
			return err
		}
		if len(c.steps) == len(plan) {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return broken(src, err)
	}
	if left := len(plan) - len(c.steps); left > 0 {
		return fmt.Errorf("%d of the replay's records are not in log %s any more", left, src.log)
	}
	return nil
}
