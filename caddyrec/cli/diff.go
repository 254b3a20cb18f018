package cli

import (
	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/replay/rerun"
)

func diffCommand() *cobra.Command {
	var (
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
report.json, which is what --json prints in a pipe.
` + exitCodes("some request was not sent, has no answer, or has another one; there is no such replay, or it has not ended"),
		Example: `  caddy rec diff 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3
  caddy rec diff 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3 --json | jq '.steps[] | select(.state != "matched")'`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			f, err := openFolder(replaysFolder(folder), args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			r, _, err := f.report(cmd.Context())
			if err != nil {
				return err
			}
			if err := con.replayed(r, asJSON); err != nil {
				return err
			}
			con.say("Report: %s", f.page())
			if r.Outcome != rerun.OutcomeMatched {
				return negative("")
			}
			return nil
		}),
	}
	cmd.Flags().StringVar(&folder, "replays", "", "folder that replays are kept in (default: caddyrec-replays in Caddy's data directory)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	return cmd
}
