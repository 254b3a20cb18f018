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

It exits as the replay did. The record replay.finished has the SHA-256 of
report.json, which is what --json prints in a pipe: a report that is another one
is not to be believed, and is said to be. Say where the log is with --store, or
--config, where it is not in its usual place.
` + exitCodes("some request was not sent, has no answer, or has another one; the report is not the one on record; there is no such replay, or it has not ended"),
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
			if err := con.replayed(r, asJSON); err != nil {
				return err
			}
			con.say("Report: %s", f.page())
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
// may have changed, with what is on record of the replay. The answer is that it
// is another one, if it is. Where no record can be had, it says so and lets the
// report stand.
func (c *console) compareWithRecord(where *place, r *rerun.Report, folder, digest string) (other negative, err error) {
	id := r.Replay
	if named, err := parseID(folder); err == nil {
		id = named // whatever the report says
	}
	if where.log == "" && where.config == "" {
		where.log = r.Log
	}
	src, err := where.find(nil)
	if err != nil {
		c.say("The report is not compared with the record of the replay: %v", err)
		return "", nil
	}
	finished, err := toldOf(src, id, record.ReplayFinished, func(p *record.Replay) bool { return p.Report != "" })
	switch {
	case err != nil:
		return "", err
	case finished == nil:
		c.say("The report is not compared with the record of the replay: log %s has none.", src.log)
		return "", nil
	case finished.Report != digest || r.Replay != id:
		return negative(fmt.Sprintf("this report is not the one on record: replay %s has a report with the SHA-256 %s, and this one has %s", id, finished.Report, digest)), nil
	}
	return "", nil
}
