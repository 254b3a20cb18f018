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
	newest := newLastItems(l.last)
	var next uint64
	err := ledger.Walk(l.src, l.start(), func(line ledger.Line) error {
		next = line.Seq + 1
		if it, ok := wanted(l.want, line); ok {
			newest.add(it)
		}
		return ctx.Err()
	})
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return broken(l.src, err)
	}
	if err := newest.each(out.item); err != nil {
		return err
	}
	if err := out.live(true); err != nil {
		return err
	}
	err = l.src.follow(ctx, next, func(line ledger.Line) error {
		if it, ok := wanted(l.want, line); ok {
			return out.item(it)
		}
		return nil
	})
	if ctx.Err() != nil {
		return nil // interrupted, which is how it ends
	}
	return broken(l.src, err)
}
