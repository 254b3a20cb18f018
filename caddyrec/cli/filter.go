package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/record"
)

// filterFlags say which records are wanted, as the command line gives it.
type filterFlags struct {
	types    []string
	sub      string
	session  string
	exchange string
	since    string
	until    string
	status   []string
	claimed  bool
}

func (f *filterFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringSliceVar(&f.types, "type", nil, "only records of this type, or kind of type: exchange, denied, approval, …")
	fs.StringVar(&f.sub, "sub", "", "only what this subject asked, voted on or had decided")
	fs.BoolVar(&f.claimed, "claimed", false, "with --sub: also refused tokens that claimed this subject, for which nobody vouches")
	fs.StringVar(&f.session, "session", "", "only this session")
	fs.StringVar(&f.exchange, "exchange", "", "only the records of this exchange")
	fs.StringVar(&f.since, "since", "", "only what is newer: a duration such as 90m or 7d, or a time such as 2026-11-21T18:00:00Z")
	fs.StringVar(&f.until, "until", "", "only what is older: as --since")
	fs.StringSliceVar(&f.status, "status", nil, "only answers with this status, such as 404 or 5xx")
}

// filter says which records are wanted. The zero filter wants all.
type filter struct {
	types    []string
	sub      string
	session  string
	exchange string
	since    time.Time // included
	until    time.Time // not included
	status   []statusRange

	claimed   bool            // sub by a refused token's own word counts too
	name      string          // only lines with this id in them
	exchanges map[string]bool // of session, so that approvals of these are of it too
}

type statusRange struct{ from, to int }

// parse checks the flags.
func (f *filterFlags) parse(now time.Time, zone *time.Location) (filter, error) {
	out := filter{sub: f.sub, session: f.session, claimed: f.claimed}
	if f.claimed && f.sub == "" {
		return filter{}, errors.New("--claimed goes with --sub: say which subject tokens claimed")
	}
	for _, t := range f.types {
		kind := strings.TrimSuffix(strings.TrimSuffix(t, "*"), ".")
		if !slices.ContainsFunc(record.Types(), func(known record.Type) bool { return isOfType(known, kind) }) {
			return filter{}, fmt.Errorf("--type %s: no such type of record: there are %s", clean(t), typeNames())
		}
		out.types = append(out.types, kind)
	}
	if f.exchange != "" {
		id, err := parseID(f.exchange)
		if err != nil {
			return filter{}, fmt.Errorf("--exchange: %w", err)
		}
		out.exchange = id
	}
	if f.since != "" {
		t, err := parseMoment(f.since, now, zone)
		if err != nil {
			return filter{}, fmt.Errorf("--since %w", err)
		}
		out.since = t
	}
	if f.until != "" {
		t, err := parseMoment(f.until, now, zone)
		if err != nil {
			return filter{}, fmt.Errorf("--until %w", err)
		}
		if !t.After(out.since) {
			return filter{}, fmt.Errorf("--until %s is not after --since %s: there is nothing between", clean(f.until), clean(f.since))
		}
		out.until = t
	}
	for _, s := range f.status {
		r, err := parseStatus(s)
		if err != nil {
			return filter{}, err
		}
		out.status = append(out.status, r)
	}
	return out, nil
}

// parseMoment reads a time, or how long ago it was.
func parseMoment(text string, now time.Time, zone *time.Location) (time.Time, error) {
	if d, err := caddy.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%s: neither a duration such as 90m or 7d nor a time such as 2026-11-21 or 2026-11-21T18:00:00Z", text)
}

func parseStatus(text string) (statusRange, error) {
	if class, ok := strings.CutSuffix(strings.ToLower(text), "xx"); ok && len(class) == 1 && class[0] >= '1' && class[0] <= '5' {
		from := int(class[0]-'0') * 100
		return statusRange{from, from + 99}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 100 || n > 599 {
		return statusRange{}, fmt.Errorf("--status %s: neither a status such as 404 nor a class such as 5xx", text)
	}
	return statusRange{n, n}, nil
}

// wants says whether r is wanted.
func (f *filter) wants(r *record.Record) bool {
	return (len(f.types) == 0 || slices.ContainsFunc(f.types, func(t string) bool { return isOfType(r.Type, t) })) &&
		(f.sub == "" || f.concerns(r)) &&
		(f.session == "" || f.isOfSession(r)) &&
		(f.exchange == "" || r.Exchange == f.exchange) &&
		(f.since.IsZero() || !r.Time.Before(f.since)) &&
		(f.until.IsZero() || r.Time.Before(f.until)) &&
		(len(f.status) == 0 || slices.ContainsFunc(f.status, func(s statusRange) bool { return s.has(r) }))
}

// isOfType says whether t is the type wanted, or one below it: approval.voted
// is an approval.
func isOfType(t record.Type, wanted string) bool {
	return string(t) == wanted || strings.HasPrefix(string(t), wanted+".")
}

func typeNames() string {
	var names []string
	for _, t := range record.Types() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

// concerns says whether sub asked, requested or voted. What a refused token
// claimed does not count, unless that is asked for.
func (f *filter) concerns(r *record.Record) bool {
	who := []*record.Identity{r.Identity}
	if r.Approval != nil {
		who = append(who, r.Approval.Requester, r.Approval.Voter)
	}
	if f.claimed && r.Denial != nil {
		who = append(who, r.Denial.Unverified)
	}
	return slices.ContainsFunc(who, func(id *record.Identity) bool { return id != nil && id.Subject == f.sub })
}

func (s statusRange) has(r *record.Record) bool {
	in := func(status int) bool { return status >= s.from && status <= s.to }
	return r.Response != nil && (in(r.Response.Status) || in(r.Response.Replaced)) || r.Denial != nil && in(r.Denial.Status)
}
