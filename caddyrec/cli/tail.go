package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/ledger"
)

func tailCommand() *cobra.Command {
	var (
		where  place
		which  filterFlags
		last   int
		asJSON bool
		keys   identityFlag
	)
	cmd := &cobra.Command{
		Use:   "tail [<folder>]",
		Short: "Shows the newest records, and new ones as they come",
		Long: `
Shows the newest records and then every new one as soon as it is durable, until
it is interrupted. It goes on over seals and restarts of the gateway.
` + listIdentityHelp + exitCodes("does not occur"),
		Example: `  caddy rec tail
  caddy rec tail --type denied
  caddy rec tail --json -n 0 | jq -c '{seq, type}'`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			if last < 0 {
				return fmt.Errorf("-n %d: give a count of records to begin with, or 0 for none", last)
			}
			want, err := which.parse(con.now(), con.zone)
			if err != nil {
				return err
			}
			src, err := where.find(args)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			l := list{con: con, src: src, want: want, last: last, json: asJSON}
			if l.open, err = keys.forLists(src, asJSON); err != nil {
				return err
			}
			return l.follow(ctx)
		}),
	}
	where.flags(cmd)
	which.flags(cmd)
	keys.flags(cmd)
	cmd.Flags().IntVarP(&last, "last", "n", 10, "how many to begin with")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the records as they are stored, one a line")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	return cmd
}

// follow shows the last records and then new ones until ctx ends.
func (l *list) follow(ctx context.Context) error {
	out := newPrinter(l.con, l.json, l.open)
	parts, err := l.parts()
	if err != nil {
		return broken(l.src, err)
	}
	items, next, err := l.newest(ctx, parts)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return broken(l.src, err)
	}
	for _, it := range items {
		if err := out.item(it); err != nil {
			return err
		}
	}
	if err := out.live(true); err != nil {
		return err
	}
	show := l.each(out.item)
	err = l.src.follow(ctx, next, func(line ledger.Line) error {
		if l.want.session != "" {
			l.want.learn(line.Raw)
		}
		return show(line)
	})
	if ctx.Err() != nil {
		return nil // interrupted, which is how it ends
	}
	return broken(l.src, err)
}
