package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
	steps []*rerun.Step
	own   int // that the gateway answered itself
}

// maxChosen bounds a plan: it is held in memory.
const maxChosen = 100_000

// choose reads the exchanges that the flags name.
func (s *selectionFlags) choose(src *source, now time.Time, zone *time.Location) (*chosen, error) {
	if s.session == "" && s.text() == "" {
		return nil, fmt.Errorf("which requests? Name a session, or filter with --sub, --since, --path, --exchange, …")
	}
	want, err := (&filterFlags{
		types: []string{string(record.ExchangeType)}, sub: s.sub, session: s.session, exchange: s.exchange, since: s.since, status: s.status,
	}).parse(now, zone)
	if err != nil {
		return nil, err
	}
	var until time.Time
	if s.until != "" {
		if until, err = parseTime(s.until, zone); err != nil {
			return nil, fmt.Errorf("--until %w", err)
		}
	}
	var out chosen
	start := (&list{src: src, want: want}).start()
	err = src.each(want, start, func(it item) error {
		r := it.record
		if r.Type != record.ExchangeType || r.Request == nil || !until.IsZero() && r.Time.After(until) ||
			len(s.methods) > 0 && !slices.Contains(s.methods, r.Request.Method) || !strings.HasPrefix(pathOf(r.Request.URL), s.path) {
			return nil
		}
		step, ok := rerun.FromRecord(r)
		if !ok {
			out.own++
			return nil
		}
		if len(out.steps) == maxChosen {
			return fmt.Errorf("more than %d exchanges match: choose fewer, with --since and --until", maxChosen)
		}
		out.steps = append(out.steps, step)
		return nil
	})
	if err != nil {
		return nil, broken(src, err)
	}
	if len(out.steps) == 0 {
		return nil, fmt.Errorf("no exchange in log %s of %s matches", src.log, src.dir)
	}
	return &out, nil
}

// named reads the exchanges of an earlier plan.
func named(src *source, plan []planned) ([]*rerun.Step, error) {
	seqs := make(map[uint64]int, len(plan))
	from := plan[0].Seq
	for i, p := range plan {
		seqs[p.Seq] = i
		from = min(from, p.Seq)
	}
	steps := make([]*rerun.Step, len(plan))
	left := len(plan)
	err := src.each(filter{}, from, func(it item) error {
		i, ok := seqs[it.record.Seq]
		if !ok {
			return nil
		}
		step, ok := rerun.FromRecord(it.record)
		if !ok || step.Exchange != plan[i].Exchange {
			return fmt.Errorf("record %d is not the one that the replay was planned with: is this another log?", it.record.Seq)
		}
		steps[i] = step
		if left--; left == 0 {
			return errEnough
		}
		return nil
	})
	if err != nil && err != errEnough {
		return nil, broken(src, err)
	}
	if left > 0 {
		return nil, fmt.Errorf("%d of the replay's records are not in log %s any more", left, src.log)
	}
	return steps, nil
}
