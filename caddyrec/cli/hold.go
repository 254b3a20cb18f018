package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/ledger"
)

func holdCommand() *cobra.Command {
	var (
		f           retentionFlags
		from, until string
	)
	cmd := &cobra.Command{
		Use:   "hold",
		Short: "Places a legal hold: records are kept whatever their age",
		Long: `
Places a legal hold on all records from one time until another. Whole segments
are kept, as long as any record in them is between the two.
` + retentionHelp + exitCodes("not used"),
		Example: `  caddy rec hold --from 2026-03-01 --until 2026-04-01 --why "case 17/26"
  caddy rec holds`,
		Args: arguments(cobra.NoArgs),
		RunE: run(func(cmd *cobra.Command, con *console, _ []string) error {
			ask, err := f.ask()
			if err != nil {
				return err
			}
			for flag, text := range map[string]string{"from": from, "until": until} {
				if text == "" {
					continue
				}
				t, err := parseTime(text, con.zone)
				if err != nil {
					return fmt.Errorf("--%s %w", flag, err)
				}
				ask[flag] = t
			}
			var done struct{ Hold string }
			return f.do(con, adminCall{path: "/caddyrec/hold", ask: ask, done: &done, show: func() error {
				con.say("Held: %s, whatever their age. To release them: caddy rec release %s --why …", held(ask, con.zone), done.Hold)
				return nil
			}})
		}),
	}
	f.flags(cmd)
	cmd.Flags().StringVar(&from, "from", "", "keep records from this time on, such as 2026-03-01 or 2026-03-01T18:00:00Z (default: from the first)")
	cmd.Flags().StringVar(&until, "until", "", "keep records before this time (default: all later ones)")
	return cmd
}

// held says which records a hold keeps, by what was asked.
func held(ask map[string]any, zone *time.Location) string {
	text := "all records"
	if log, _ := ask["log"].(string); log != "" {
		text += " of log " + clean(log)
	}
	for _, bound := range []string{"from", "until"} {
		if at, ok := ask[bound].(time.Time); ok {
			text += " " + bound + " " + at.In(zone).Format(time.RFC3339)
		}
	}
	return text
}

func releaseCommand() *cobra.Command {
	var f retentionFlags
	cmd := &cobra.Command{
		Use:   "release <hold>",
		Short: "Ends a legal hold",
		Long: `
Ends a legal hold. What is older than retain, and under no other hold, is then
purged when its time comes.
` + retentionHelp + exitCodes("there is no such hold in force"),
		Example: `  caddy rec release 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3 --why "case closed"`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			return f.end(con, "/caddyrec/release", "hold", args[0], "Released.")
		}),
	}
	f.flags(cmd)
	return cmd
}

func holdsCommand() *cobra.Command {
	var (
		where  place
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "holds",
		Short: "Lists the legal holds of a log",
		Long: `
Lists the legal holds of a log, those that are over too. It needs no running
gateway.
` + exitCodes("not used"),
		Args: arguments(cobra.NoArgs),
		RunE: run(func(_ *cobra.Command, con *console, _ []string) error {
			src, err := where.find(nil)
			if err != nil {
				return err
			}
			return con.holds(src, asJSON)
		}),
	}
	where.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print them as JSON")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	return cmd
}

func (c *console) holds(src *source, asJSON bool) error {
	all, err := ledger.Holds(src)
	if err != nil {
		return fmt.Errorf("%s: %w", src.dir, err)
	}
	if asJSON {
		if all == nil {
			all = []ledger.Hold{}
		}
		return c.json(all)
	}
	if len(all) == 0 {
		c.say("Log %s has no holds.", src.log)
		return nil
	}
	t := newTable(c, []column{{title: "HOLD"}, {title: "FROM"}, {title: "UNTIL"}, {title: "SINCE"}, {title: "BY"}, {title: "WHY"}, {title: "STATE"}})
	day := func(at time.Time, none string) cell {
		if at.IsZero() {
			return cell{none, dim}
		}
		return cell{at.In(c.zone).Format("2006-01-02 15:04"), plainText}
	}
	for _, h := range all {
		state := cell{"in force", good}
		if !h.Released.IsZero() {
			state = cell{"released " + h.Released.In(c.zone).Format("2006-01-02 15:04"), dim}
		}
		row := []cell{{clean(h.ID), bold}, day(h.From, "the first"), day(h.Until, "any"), day(h.Since, ""), {clean(h.By), plainText}, {clean(h.Why), plainText}, state}
		if err := t.row(row); err != nil {
			return err
		}
	}
	return t.live(false)
}
