// Package demo is the command caddy rec demo: the story of caddyrec on real
// sockets, with an identity provider, an orders API, a gateway and a ledger of
// its own, all on loopback and in a temporary folder.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Options say how the demo runs.
type Options struct {
	// Once ends the demo after the story instead of staying up.
	Once bool
	// Out gets the story.
	Out io.Writer
	// Color says that Out is a terminal that shows colours.
	Color bool
}

// Command is the command demo.
func Command() *cobra.Command {
	var opts Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Shows what caddyrec does, on this machine, in a minute",
		Long: `Starts an identity provider, an orders API and a gateway on loopback, with a
ledger in a temporary folder, and plays a story on them: each step is checked,
and one that differs makes the command exit with 1.

Afterwards everything stays up, with tokens and curl lines to try, until
Ctrl-C; with --once the command ends.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			opts.Out = cmd.OutOrStdout()
			opts.Color = opts.Out == os.Stdout && term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == ""
			return Run(ctx, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.Once, "once", false, "end after the story")
	return cmd
}

// Run plays the story. It returns an error if a step differs from what
// caddyrec promises.
func Run(ctx context.Context, opts Options) (err error) {
	dir, err := os.MkdirTemp("", "caddyrec-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := build(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	s := &story{world: w, out: opts.Out, color: opts.Color}
	if err := s.play(ctx); err != nil {
		return err
	}
	if opts.Once {
		return nil
	}
	if err := s.invite(); err != nil {
		return err
	}
	<-ctx.Done()
	fmt.Fprintln(opts.Out, "\nStopped; the temporary folder is removed.")
	return nil
}

// world is everything that runs.
type world struct {
	dir     string
	issuer  *Issuer
	orders  *orders
	gateway string // its base URL
	ledger  string // the log's folder
}

func build(dir string) (_ *world, err error) {
	w := &world{dir: dir, ledger: filepath.Join(dir, "records", "ledger", "orders")}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.issuer, err = StartIssuer(); err != nil {
		return w, fmt.Errorf("starting the identity provider: %w", err)
	}
	if w.orders, err = startOrders(); err != nil {
		return w, fmt.Errorf("starting the orders API: %w", err)
	}
	address, err := freeAddress()
	if err != nil {
		return w, err
	}
	w.gateway = "http://" + address
	if err = startGateway(w, address); err != nil {
		return w, fmt.Errorf("starting the gateway: %w", err)
	}
	return w, nil
}

func (w *world) close() error {
	err := caddy.Stop()
	if w.orders != nil {
		err = errors.Join(err, w.orders.close())
	}
	if w.issuer != nil {
		err = errors.Join(err, w.issuer.Close())
	}
	return err
}

// freeAddress finds a free port on loopback.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
