package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/replay/provision"
)

func revokeKeyCommand() *cobra.Command {
	var f retentionFlags
	cmd := &cobra.Command{
		Use:   "revoke <id>",
		Short: "Revokes a provisioning key",
		Long: `
Revokes a provisioning key of session_replay: at the gateway that is asked what
is shown for it ends at once, at others of its service within seconds. The id is
the one that key.issued has, not the key itself.

It is done by the gateway, through its admin endpoint, and is on record.
` + exitCodes("there is no such key"),
		Example: `  caddy rec ls --type key.issued
  caddy rec keys revoke 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3 --why "laptop lost"`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			if strings.HasPrefix(args[0], provision.KeyPrefix) {
				// It is in the shell's history by now.
				return fmt.Errorf("that is a key, not its id: take the id from its key.issued record, and do revoke it")
			}
			return f.end(con, "/caddyrec/keys/revoke", "key", args[0], "Revoked.")
		}),
	}
	f.flags(cmd)
	return cmd
}
