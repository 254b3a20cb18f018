package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/user"
	"strings"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/ledger"
)

// retentionFlags say which gateway's log is meant, and why.
type retentionFlags struct {
	address, log, why, by string
	json                  bool
}

func (f *retentionFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.address, "address", "", "the gateway's admin endpoint, as caddy reload takes it (default: localhost:2019)")
	fs.StringVar(&f.log, "log", "", "name of the log, where the gateway has several")
	fs.StringVar(&f.why, "why", "", "the reason, for the record (required)")
	fs.StringVar(&f.by, "by", whoami(), "who asks, for the record")
	fs.BoolVar(&f.json, "json", false, "print the outcome as JSON")
	cmd.MarkFlagRequired("why")
}

// whoami is the user of this machine who runs the command. Nobody vouches for
// it but this machine.
func whoami() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	host, _ := os.Hostname()
	return u.Username + "@" + host
}

const retentionHelp = `
It is done by the gateway that writes the log, through its admin endpoint, and
is on record before it takes effect.
`

func holdCommand() *cobra.Command {
	var (
		f           retentionFlags
		from, until string
	)
	cmd := &cobra.Command{
		Use:   "hold",
		Short: "Places a legal hold: records are kept whatever their age",
		Long: `
Places a legal hold on all records from one time until another. Whole segments
are kept, as long as any record in them is between the two.
` + retentionHelp + exitCodes("not used"),
		Example: `  caddy rec hold --from 2026-03-01 --until 2026-04-01 --why "case 17/26"
  caddy rec holds`,
		Args: arguments(cobra.NoArgs),
		RunE: run(func(cmd *cobra.Command, con *console, _ []string) error {
			ask := f.ask()
			for flag, text := range map[string]string{"from": from, "until": until} {
				if text == "" {
					continue
				}
				t, err := parseTime(text, con.zone)
				if err != nil {
					return fmt.Errorf("--%s %w", flag, err)
				}
				ask[flag] = t
			}
			var done struct{ Hold string }
			return f.do(con, "/caddyrec/hold", ask, &done, func() error {
				con.say("Held. To end it: caddy rec release %s --why …", done.Hold)
				return nil
			})
		}),
	}
	f.flags(cmd)
	cmd.Flags().StringVar(&from, "from", "", "keep records from this time on, such as 2026-03-01 or 2026-03-01T18:00:00Z (default: from the first)")
	cmd.Flags().StringVar(&until, "until", "", "keep records before this time (default: all later ones)")
	return cmd
}

func releaseCommand() *cobra.Command {
	var f retentionFlags
	cmd := &cobra.Command{
		Use:   "release <hold>",
		Short: "Ends a legal hold",
		Long: `
Ends a legal hold. What is older than retain, and under no other hold, is then
purged when its time comes.
` + retentionHelp + exitCodes("there is no such hold in force"),
		Example: `  caddy rec release 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3 --why "case closed"`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			ask := f.ask()
			ask["hold"] = id
			return f.do(con, "/caddyrec/release", ask, &struct{}{}, func() error {
				con.say("Released.")
				return nil
			})
		}),
	}
	f.flags(cmd)
	return cmd
}

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
			ask := f.ask()
			ask["before"], ask["dry_run"] = t, dry
			var done struct{ Segments []ledger.Purged }
			return f.do(con, "/caddyrec/purge", ask, &done, func() error { return con.purged(done.Segments, dry) })
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
	kept := 0
	for _, p := range all {
		state := cell{"purged", good}
		if dry {
			state = cell{"would be purged", plainText}
		}
		if p.Kept != "" {
			kept++
			state = cell{clean(p.Kept), warn}
		}
		day := func(at time.Time) cell { return cell{at.In(c.zone).Format("2006-01-02 15:04"), plainText} }
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
	if kept > 0 {
		return negative(fmt.Sprintf("%d of %d segments stay", kept, len(all)))
	}
	return nil
}

func holdsCommand() *cobra.Command {
	var (
		where  place
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "holds",
		Short: "Lists the legal holds of a log",
		Long: `
Lists the legal holds of a log, those that are over too. It needs no running
gateway.
` + exitCodes("not used"),
		Args: arguments(cobra.NoArgs),
		RunE: run(func(_ *cobra.Command, con *console, _ []string) error {
			src, err := where.find(nil)
			if err != nil {
				return err
			}
			return con.holds(src, asJSON)
		}),
	}
	where.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print them as JSON")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	return cmd
}

func (c *console) holds(src *source, asJSON bool) error {
	all, err := ledger.Holds(src)
	if err != nil {
		return fmt.Errorf("%s: %w", src.dir, err)
	}
	if asJSON {
		if all == nil {
			all = []ledger.Hold{}
		}
		return c.json(all)
	}
	if len(all) == 0 {
		c.say("Log %s has no holds.", src.log)
		return nil
	}
	t := newTable(c, []column{{title: "HOLD"}, {title: "FROM"}, {title: "UNTIL"}, {title: "SINCE"}, {title: "BY"}, {title: "WHY"}, {title: "STATE"}})
	day := func(at time.Time, none string) cell {
		if at.IsZero() {
			return cell{none, dim}
		}
		return cell{at.In(c.zone).Format("2006-01-02 15:04"), plainText}
	}
	for _, h := range all {
		state := cell{"in force", good}
		if !h.Released.IsZero() {
			state = cell{"released " + h.Released.In(c.zone).Format("2006-01-02 15:04"), dim}
		}
		row := []cell{{clean(h.ID), bold}, day(h.From, "the first"), day(h.Until, "any"), day(h.Since, ""), {clean(h.By), plainText}, {clean(h.Why), plainText}, state}
		if err := t.row(row); err != nil {
			return err
		}
	}
	return t.live(false)
}

func (f *retentionFlags) ask() map[string]any {
	return map[string]any{"log": f.log, "why": f.why, "by": f.by}
}

// do asks the gateway, and shows what came of it.
func (f *retentionFlags) do(con *console, path string, ask map[string]any, done any, show func() error) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	address, err := caddycmd.DetermineAdminAPIAddress(f.address, nil, "", "")
	if err != nil {
		return err
	}
	resp, err := caddycmd.AdminAPIRequest(address, http.MethodPost, path, http.Header{"Content-Type": {"application/json"}}, bytes.NewReader(body))
	if err != nil {
		return adminError(err, address)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the gateway's answer: %w", err)
	}
	if f.json {
		return con.line(bytes.TrimSpace(text))
	}
	if err := json.Unmarshal(text, done); err != nil {
		return fmt.Errorf("the gateway's answer is not what it should be: %w", err)
	}
	return show()
}

// adminError makes of Caddy's words, which hold all there is to know, what
// happened.
func adminError(err error, address string) error {
	text := err.Error()
	if strings.Contains(text, "connection refused") || strings.Contains(text, "no such file") {
		return fmt.Errorf("no gateway answers at its admin endpoint %s: start it, or name the endpoint with --address", address)
	}
	_, body, _ := strings.Cut(text, ": HTTP ")
	status, body, ok := strings.Cut(body, ": ")
	var said struct{ Error string }
	if !ok || json.Unmarshal([]byte(body), &said) != nil || said.Error == "" {
		return err
	}
	if status == "404" {
		return negative(said.Error)
	}
	return errors.New(said.Error)
}

// parseTime reads a moment, in zone where the text does not say.
func parseTime(text string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: not a time such as 2026-11-21 or 2026-11-21T18:00:00Z", text)
}
