package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/rerun"
)

func diffCommand() *cobra.Command {
	var (
		where  place
		folder string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "diff <replay>",
		Short: "Shows again what a replay came to",
		Long: `
Shows what came of a replay that has ended: which requests matched, and in what
the answers of the others differ. It is named by its id or by its folder, in
which there is the same as a page, report.html.

The record replay.finished has the SHA-256 of report.json, which is what --json
prints in a pipe: a report that is another one is not to be believed, and is said
to be, and so is one that there is no record of. Say where the log is with
--store, --log or --config, as to every command: what the report says of that
counts for nothing, since whoever changed it would name a log of their own.
` + exitCodes("some request was not sent, has no answer, or has another one; the report is not the one on record, or there is no record to compare it with; there is no such replay, or it has not ended"),
		Example: `  caddy rec diff 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3
  caddy rec diff 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3 --json | jq '.steps[] | select(.state != "matched")'`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			f, err := openFolder(replaysFolder(folder), args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			r, digest, err := f.report(cmd.Context())
			if err != nil {
				return err
			}
			other, err := con.compareWithRecord(&where, r, filepath.Base(f.Root()), digest)
			if err != nil {
				return err
			}
			same, err := f.isPageOf(cmd.Context(), r)
			if err != nil {
				return err
			}
			if err := con.replayed(r, asJSON); err != nil {
				return err
			}
			if same {
				con.say("Report: %s", f.page())
			} else {
				con.say("Do not go by %s: it is not the page of this report, but was changed, or written by another version.", f.page())
			}
			if other != "" {
				return other
			}
			if r.Outcome != rerun.OutcomeMatched {
				return negative("")
			}
			return nil
		}),
	}
	where.flags(cmd)
	cmd.Flags().StringVar(&folder, "replays", "", "folder that replays are kept in (default: caddyrec-replays in Caddy's data directory)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	return cmd
}

// compareWithRecord compares a report, which anybody who can write into its folder
// may have changed, with what is on record of the replay. The answer says that
// it is another one, or that no record vouches for it.
func (c *console) compareWithRecord(where *place, r *rerun.Report, folder, digest string) (other negative, err error) {
	id := r.Replay
	if named, err := parseID(folder); err == nil {
		id = named // whatever the report says
	}
	src, err := where.find(nil)
	if err != nil {
		return negative(fmt.Sprintf("this report is not compared with the record of the replay, so it may be anybody's: %v", err)), nil
	}
	finished, err := toldOf(src, id, record.ReplayFinished, func(p *record.Replay) bool { return p.Report != "" })
	switch {
	case err != nil:
		return "", err
	case finished == nil && r.Log != src.log:
		return negative(fmt.Sprintf("log %s has no record of replay %s, and the report says that it is of log %s: if you know that to be so, compare with --log %[3]s", src.log, id, clean(r.Log))), nil
	case finished == nil:
		return negative(fmt.Sprintf("log %s has no record of the end of replay %s, so the report may be anybody's", src.log, id)), nil
	case finished.Report != digest || r.Replay != id:
		return negative(fmt.Sprintf("this report is not the one on record: replay %s has a report with the SHA-256 %s, and this one has %s", id, finished.Report, digest)), nil
	}
	c.say("It is the report that log %s has on record.", src.log)
	return "", nil
}
