package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/ledger"
)

func purgeCommand() *cobra.Command {
	var (
		f      retentionFlags
		before string
		dry    bool
	)
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "Removes old records, a sealed segment at a time",
		Long: `
Removes sealed segments all of whose records are older than --before. What a
legal hold covers stays, and so do damaged segments, which are evidence, and the
newest. Hashes and checkpoints stay too, so that the rest still verifies.
` + retentionHelp + exitCodes("something that is old enough had to stay"),
		Example: `  caddy rec purge --before 2025-11-21 --why "retention policy 4" --dry-run
  caddy rec purge --before 2025-11-21 --why "retention policy 4"`,
		Args: arguments(cobra.NoArgs),
		RunE: run(func(cmd *cobra.Command, con *console, _ []string) error {
			t, err := parseTime(before, con.zone)
			if err != nil {
				return fmt.Errorf("--before %w", err)
			}
			ask, err := f.ask()
			if err != nil {
				return err
			}
			ask["before"], ask["dry_run"] = t, dry
			var done struct{ Segments []ledger.Purged }
			return f.do(con, adminCall{
				path: "/caddyrec/purge", ask: ask, done: &done,
				show:    func() error { return con.purged(done.Segments, dry) },
				verdict: func() error { return allWent(done.Segments) },
				partial: func() bool { return len(done.Segments) > 0 },
			})
		}),
	}
	f.flags(cmd)
	cmd.Flags().StringVar(&before, "before", "", "only what is older than this time, such as 2025-11-21 (required)")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "remove nothing, only tell what would be")
	cmd.MarkFlagRequired("before")
	return cmd
}

// purged shows what became of each segment that is old enough.
func (c *console) purged(all []ledger.Purged, dry bool) error {
	t := newTable(c, []column{{title: "SEGMENT"}, {title: "RECORDS", right: true}, {title: "FROM"}, {title: "UNTIL"}, {title: "STATE"}})
	for _, p := range all {
		state := cell{"purged", good}
		if dry {
			state = cell{"would be purged", plainText}
		}
		if p.Kind != "" {
			state = cell{clean(p.Kept), warn}
		}
		day := func(at time.Time) cell {
			if at.IsZero() { // it was not read
				return cell{"-", dim}
			}
			return cell{at.In(c.zone).Format("2006-01-02 15:04"), plainText}
		}
		if err := t.row([]cell{{clean(p.Segment), plainText}, {fmt.Sprint(p.Records), plainText}, day(p.From), day(p.Until), state}); err != nil {
			return err
		}
	}
	if err := t.live(false); err != nil {
		return err
	}
	if len(all) == 0 {
		c.say("Nothing is that old.")
	}
	return nil
}

// allWent is a no when something that is old enough had to stay.
func allWent(all []ledger.Purged) error {
	kept := 0
	for _, p := range all {
		if p.Kind != "" {
			kept++
		}
	}
	if kept > 0 {
		return negative(fmt.Sprintf("%d of %d segments stay", kept, len(all)))
	}
	return nil
}
