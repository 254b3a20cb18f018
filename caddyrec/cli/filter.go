package cli

import (
	"bytes"
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
	status   []string
}

func (f *filterFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringSliceVar(&f.types, "type", nil, "only records of this type, or kind of type: exchange, denied, approval, …")
	fs.StringVar(&f.sub, "sub", "", "only what this subject asked, voted on or had decided")
	fs.StringVar(&f.session, "session", "", "only this session")
	fs.StringVar(&f.exchange, "exchange", "", "only the records of this exchange")
	fs.StringVar(&f.since, "since", "", "only what is newer: a duration such as 90m or 7d, or a time such as 2026-11-21T18:00:00Z")
	fs.StringSliceVar(&f.status, "status", nil, "only answers with this status, such as 404 or 5xx")
}

// filter says which records are wanted. The zero filter wants all.
type filter struct {
	types    []string
	sub      string
	session  string
	exchange string
	since    time.Time
	status   []statusRange
}

type statusRange struct{ from, to int }

// parse checks the flags.
func (f *filterFlags) parse(now time.Time, zone *time.Location) (filter, error) {
	out := filter{sub: f.sub, session: f.session}
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
		t, err := parseSince(f.since, now, zone)
		if err != nil {
			return filter{}, err
		}
		out.since = t
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

func parseSince(text string, now time.Time, zone *time.Location) (time.Time, error) {
	if d, err := caddy.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("--since %s: neither a duration such as 90m or 7d nor a time such as 2026-11-21 or 2026-11-21T18:00:00Z", text)
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

// mayWant says, cheaply, whether a line is worth being parsed.
func (f *filter) mayWant(line []byte) bool {
	return f.exchange == "" || bytes.Contains(line, []byte(f.exchange))
}

// wants says whether r is wanted.
func (f *filter) wants(r *record.Record) bool {
	return (len(f.types) == 0 || slices.ContainsFunc(f.types, func(t string) bool { return isOfType(r.Type, t) })) &&
		(f.sub == "" || concerns(r, f.sub)) &&
		(f.session == "" || r.Session != nil && r.Session.ID == f.session) &&
		(f.exchange == "" || r.Exchange == f.exchange) &&
		(f.since.IsZero() || !r.Time.Before(f.since)) &&
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
// claimed does not count.
func concerns(r *record.Record, sub string) bool {
	who := []*record.Identity{r.Identity}
	if r.Approval != nil {
		who = append(who, r.Approval.Requester, r.Approval.Voter)
	}
	return slices.ContainsFunc(who, func(id *record.Identity) bool { return id != nil && id.Subject == sub })
}

func (s statusRange) has(r *record.Record) bool {
	in := func(status int) bool { return status >= s.from && status <= s.to }
	return r.Response != nil && (in(r.Response.Status) || in(r.Response.Replaced)) || r.Denial != nil && in(r.Denial.Status)
}
