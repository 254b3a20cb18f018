// Package cli is the command caddy rec: reading, following and verifying
// records, and voting on requests for approval.
//
// It promises that reading changes nothing: no lock is taken, no file made,
// no configuration provisioned. What it shows on a terminal is safe to show:
// records hold what strangers sent, so every text of theirs is printed without
// control characters and without characters that turn the direction of text.
package cli

import (
	"fmt"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/caddyrec/demo"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "rec",
		Usage:     "<command>",
		Short:     "Reads, verifies and approves what caddyrec records",
		CobraFunc: build,
	})
}

// build makes cmd the root of all that begins with caddy rec.
func build(cmd *cobra.Command) {
	cmd.Long = `
caddy rec reads the records that caddyrec keeps, proves that nobody changed
them, and votes on requests that wait for approval.

Records are looked for in the folder caddyrec in Caddy's data directory. When
Caddy runs as somebody else or keeps them elsewhere, say so with --store or
--config. Reading needs no running gateway and changes nothing.
` + exitCodes(`it ran, and the answer is no: the log is not intact, there is no
     such record, there are orphans, the gateway refused the vote, a schema
     cannot be loaded`)
	cmd.Example = `  caddy rec ls --since 1h --status 5xx
  caddy rec show 1742
  caddy rec verify --key orders.public
  caddy rec approvals --gateway https://orders.example.com`
	cmd.Args = knownCommand // cobra takes any word below the root
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.SetFlagErrorFunc(usageError)
	cmd.AddCommand(
		lsCommand(),
		tailCommand(),
		showCommand(),
		playCommand(),
		statusCommand(),
		verifyCommand(),
		proofCommand(),
		holdCommand(),
		holdsCommand(),
		releaseCommand(),
		purgeCommand(),
		replayCommand(),
		diffCommand(),
		keysCommand(),
		approvalsCommand(),
		voteCommand(approve),
		voteCommand(deny),
		schemaCommand(),
		demo.Command(),
	)
}

// knownCommand refuses words that are no command.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usageError(cmd, fmt.Errorf("there is no command %q%s", args[0], hint))
}

// usageError adds to an error in the command line how it should look.
func usageError(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w\n\nUsage: %s\nSee %s --help", err, cmd.UseLine(), cmd.CommandPath())
}

// arguments wraps a check of the positional arguments.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError(cmd, err)
		}
		return nil
	}
}
