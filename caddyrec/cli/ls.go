package cli

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// onScreen is how many records ls shows on a terminal when it is not told.
const onScreen = 50

func lsCommand() *cobra.Command {
	var (
		where   place
		which   filterFlags
		last    int
		orphans bool
		asJSON  bool
		keys    identityFlag
	)
	cmd := &cobra.Command{
		Use:   "ls [<folder>]",
		Short: "Lists records, the newest last",
		Long: `
Lists records, the newest last: sequence number, time, type, who, what, status,
what is worth noting (schema verdict, approval, refusal), and how many places
were masked.

On a terminal the last 50 are shown, in a pipe all; -n says otherwise, and
-n 0 means all. Filters add up; -n counts what passed them.

--orphans lists intents without an outcome: the gateway let the request go to the
upstream, and neither an exchange, nor a refusal, nor an approval denied or
expired says what became of it. Segments may lie between. On a running gateway
those still under way are among them, noted as open; lost are those whose gateway
has ended since. With --since and --until, only intents of that time.
` + listIdentityHelp + exitCodes("with --orphans: there are some"),
		Example: `  caddy rec ls
  caddy rec ls --since 24h --type denied,approval
  caddy rec ls --sub ana --since 2026-11-20 --until 2026-11-21
  caddy rec ls --sub ana --status 4xx,5xx -n 20
  caddy rec ls --orphans
  caddy rec ls --json --since 1h | jq -r .request.url`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			if last < 0 {
				return fmt.Errorf("-n %d: give a count of records, or 0 for all", last)
			}
			if !cmd.Flags().Changed("last") && con.tty && !asJSON {
				last = onScreen
			}
			want, err := which.parse(con.now(), con.zone)
			if err != nil {
				return err
			}
			src, err := where.find(args)
			if err != nil {
				return err
			}
			l := list{con: con, src: src, want: want, last: last, json: asJSON}
			if l.open, err = keys.forLists(src, asJSON); err != nil {
				return err
			}
			if orphans {
				return l.orphans()
			}
			return l.records()
		}),
	}
	where.flags(cmd)
	which.flags(cmd)
	keys.flags(cmd)
	cmd.Flags().IntVarP(&last, "last", "n", 0, "how many, the newest; 0: all (default: 50 on a terminal, else all)")
	cmd.Flags().BoolVar(&orphans, "orphans", false, "only intents without an outcome")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the records as they are stored, one a line")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	return cmd
}

// list is one listing of records.
type list struct {
	con  *console
	src  *source
	want filter
	last int // 0: all
	json bool
	open opener
}

// item is a record to be shown.
type item struct {
	record  *record.Record
	line    []byte // as stored
	segment string // the file it is in, below the log's folder
	seq     uint64 // where the record is not read yet
	mark    *cell  // instead of the record's own note; nil: that

	originals *record.Unmasked // nil unless they were opened
}

// records lists what passes the filter.
func (l *list) records() error {
	out := newPrinter(l.con, l.json, l.open)
	parts, unread := l.parts()
	if l.last == 0 {
		if err := out.live(true); err != nil {
			return err
		}
		return broken(l.src, cmp.Or(l.src.walk(parts, l.each(out.item)), unread))
	}
	items, _, err := l.newest(context.Background(), parts)
	err = cmp.Or(err, unread)
	for _, it := range items {
		if err := out.item(it); err != nil {
			return err
		}
	}
	if len(items) == 0 && err == nil {
		l.con.say("No record in log %s of %s matches.", l.src.log, l.src.dir)
		return nil
	}
	if werr := out.live(false); werr != nil {
		return werr
	}
	return broken(l.src, err)
}

// parts are where in the log what is wanted may be; with an error too.
func (l *list) parts() ([]stretch, error) {
	parts := l.src.stretches(l.want.begin(), l.want.until)
	if l.want.session == "" {
		return parts, nil
	}
	return l.src.narrow(&l.want, parts)
}

// each gives fn the lines that are wanted. Where all are, and are printed as
// they are stored, they are not even read.
func (l *list) each(fn func(item) error) func(ledger.Line) error {
	asStored := l.json && l.open.Opener == nil && l.want.plain()
	return func(line ledger.Line) error {
		if asStored {
			return fn(item{line: line.Raw, segment: line.Segment})
		}
		if it, ok := wanted(l.want, line); ok {
			return fn(it)
		}
		return nil
	}
}

// begin is a time before which nothing is wanted; zero: there is none.
func (f *filter) begin() time.Time {
	if t := timeOf(f.exchange); t.After(f.since) {
		return t // an exchange's id tells when it began
	}
	return f.since
}

// plain says whether f wants every record.
func (f *filter) plain() bool {
	return len(f.types)+len(f.status) == 0 && f.sub+f.session+f.exchange+f.name == "" && f.since.IsZero() && f.until.IsZero()
}

// each gives fn the records from seq from on that the filter wants.
func (s *source) each(want filter, from uint64, fn func(item) error) error {
	return s.toTheEndFrom(from, func(l ledger.Line) error {
		if it, ok := wanted(want, l); ok {
			return fn(it)
		}
		return nil
	})
}

// wanted reads a line if the filter wants it. The item's line is valid as long
// as l's is. What cannot be read is wanted always, so that nobody misses it.
func wanted(want filter, l ledger.Line) (item, bool) {
	it := item{line: l.Raw, segment: l.Segment}
	if !want.mayWant(l.Raw) {
		return it, false
	}
	var err error
	if it.record, err = record.Parse(l.Raw); err != nil {
		it.record = &record.Record{Seq: l.Seq, Type: unreadable}
		it.mark = &cell{"see verify", bad}
		return it, true
	}
	return it, want.wants(it.record)
}

// unreadable stands for the type of a line that is no record.
const unreadable record.Type = "unreadable"

// broken adds to an error of reading a log what to do about it.
func broken(src *source, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("reading log %s in %s stopped: %w: see what caddy rec verify says", src.log, src.dir, err)
}
