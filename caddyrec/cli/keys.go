package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/caddyrec/caddyrec/ledger"
)

func keysCommand() *cobra.Command {
	var (
		where  place
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Shows the keys that a log is signed with, changes the one in force, or revokes a provisioning key",
		Long: `
Shows the keys that a log was and is signed with: the id by which signatures name
each, and since when and which record it is in force. It proves nothing: that is
what caddy rec verify is for.
` + exitCodes("not used"),
		Example: `  caddy rec keys
  caddy rec keys rotate --store /var/lib/caddyrec --log orders`,
		Args: arguments(cobra.NoArgs),
		RunE: run(func(_ *cobra.Command, con *console, _ []string) error {
			src, err := where.find(nil)
			if err != nil {
				return err
			}
			return con.keys(src, asJSON)
		}),
	}
	where.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print them as JSON")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	cmd.AddCommand(rotateCommand(), revokeKeyCommand())
	return cmd
}

func rotateCommand() *cobra.Command {
	var (
		where   place
		address string
	)
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Makes a new signing key for a log, and has the gateway take it up",
		Long: `
Makes a new signing key beside the one of a log, and asks the gateway that writes
the log, through its admin endpoint, to take it up: it signs a checkpoint with
both keys, which says for how many records the old one may sign, and removes the
old secret key. Without a gateway that answers, the key waits for its next start;
run this again to ask again.

What the new key signed cannot be rewritten with the old one, should that be
stolen some day; but only who knows the new public key, or has a later
checkpoint, finds it out. So hand out the log's file of public keys anew when
the gateway has taken the key up.
` + exitCodes("a key that was made before waits still for a gateway"),
		Args: arguments(cobra.NoArgs),
		RunE: run(func(_ *cobra.Command, con *console, _ []string) error {
			src, err := where.find(nil)
			if err != nil {
				return err
			}
			return con.rotate(src, &retentionFlags{address: cmp.Or(address, src.admin)})
		}),
	}
	where.flags(cmd)
	cmd.Flags().StringVar(&address, "address", "", "the gateway's admin endpoint, as caddy reload takes it (default: the one of --config, or localhost:2019)")
	return cmd
}

// keysDir is where the store keeps the secret keys on this machine, if src is in
// a store.
func (s *source) keysDir() string { return filepath.Join(s.keep, "keys") }

// logKeys is what keys shows.
type logKeys struct {
	Log  string       `json:"log"`
	Keys []ledger.Key `json:"keys"`
	// Next waits to be taken up.
	Next string `json:"next,omitempty"`
}

func (c *console) keys(src *source, asJSON bool) error {
	all, err := ledger.LogKeys(src)
	if err != nil {
		return fmt.Errorf("%s: %w", src.dir, err)
	}
	if all[0].Since.IsZero() {
		all[0].Since = src.timeOf(0)
	}
	out := logKeys{Log: src.log, Keys: all}
	// Without the right to read secret keys, what waits is not known.
	if next, err := ledger.NextKey(src.keysDir(), src.log); src.keep != "" && err == nil && next != all[len(all)-1].Public {
		out.Next = next
	}
	if asJSON {
		return c.json(out)
	}
	t := newTable(c, []column{{title: "ID"}, {title: "SINCE"}, {title: "FROM RECORD", right: true}, {title: "STATE"}})
	for _, k := range all {
		state := cell{"in force", good}
		if k.Until != nil {
			state = cell{fmt.Sprintf("retired at record %d", *k.Until), dim}
		}
		since := ""
		if !k.Since.IsZero() {
			since = k.Since.In(c.zone).Format("2006-01-02 15:04:05Z07:00")
		}
		if err := t.row([]cell{{k.ID, bold}, {since, plainText}, {fmt.Sprint(k.From), plainText}, state}); err != nil {
			return err
		}
	}
	if out.Next != "" {
		if err := t.row([]cell{{idOf(out.Next), bold}, {}, {}, {"waits for the gateway: run caddy rec keys rotate again, or restart it", warn}}); err != nil {
			return err
		}
	}
	return t.live(false)
}

// idOf is what names a public key in signatures.
func idOf(public string) string {
	v, err := note.NewVerifier(public)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%08x", v.KeyHash())
}

// rotate makes a new signing key, or takes the one that waits already, and hands
// it to the gateway.
func (c *console) rotate(src *source, gateway *retentionFlags) error {
	if src.keep == "" {
		return fmt.Errorf("a bucket has no secret keys: name the configuration of the gateway that writes it with --config, on its machine")
	}
	dir := src.keysDir()
	public, err := ledger.NewSigningKey(dir, src.log)
	waited := errors.Is(err, fs.ErrExist)
	if waited {
		public, err = ledger.NextKey(dir, src.log)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s has no keys of log %s: name the store that the gateway writes", filepath.Clean(dir), src.log)
	case err != nil:
		return err
	}
	var done struct {
		Key string `json:"public_key"`
	}
	err = gateway.do(c, adminCall{path: "/caddyrec/rotate", ask: map[string]any{"log": src.log, "key": public}, done: &done, show: func() error { return nil }})
	hand := filepath.Join(filepath.Clean(dir), src.log+".public")
	if err == nil && done.Key == public {
		c.say("The log is signed with the new key %s from now on: %s", idOf(public), public)
		c.say("Hand out %s anew to all who verify the log.", hand)
		return nil
	}
	if err == nil {
		err = fmt.Errorf("the gateway signs with %s", idOf(done.Key))
	}
	if waited {
		return negative(fmt.Sprintf("the new key %s, made before, waits still for the gateway: %v", idOf(public), err))
	}
	c.say("The new key %s is made: %s", idOf(public), public)
	c.say("It is not in force yet: %v.", err)
	c.say("The gateway takes it up at its next start, or run this again with --address; caddy rec keys shows when it has.")
	c.say("Then hand out %s anew to all who verify the log.", hand)
	return nil
}
