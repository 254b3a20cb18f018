package cli

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/ledger"
)

func verifyCommand() *cobra.Command {
	var (
		where    place
		givenKey string
		against  []string
		asJSON   bool
	)
	cmd := &cobra.Command{
		Use:   "verify [<folder>|<proof>]",
		Short: "Proves that nobody changed a log, or checks one record's proof",
		Long: `
Proves, offline, from the files and one public key, that every record of a log
is there, unchanged and in order. The folder is a store or one log, also when
it was moved or copied elsewhere; it may be in use.

Give the key with --key: the file <log>.public that lies with the gateway's
keys, or its text. Keep a copy where those who run the gateway cannot change it.
A log whose key was changed is verified from any of its keys; but give the whole
file, or the newest one, to find what was rewritten with a stolen old key.
Without --key the key beside the records is taken, which finds every accident
and every change by somebody without the signing key, but not somebody who
replaced records, signatures and key alike.

Whoever can write the folder can also put all of it back as it was at an earlier
time, when fewer records were signed for. That is found only against a
checkpoint kept elsewhere: --against FILE, as often as you like. The file holds
checkpoints, or Caddy's log as JSON lines, with those of its logger
caddyrec.checkpoint. The log must go on from each of them.

A file that caddy rec proof wrote is checked by itself, with --key: that the one
record in it is in the log, at its place and unchanged. It must be signed with
the newest key given. With --against, one of the checkpoints kept elsewhere must
be of the very tree that the proof is of.
` + exitCodes(`the log is not intact: records are changed, missing, added or out of
     order; or the proof does not hold`),
		Example: `  caddy rec verify
  caddy rec verify --key main.public
  caddy rec verify /mnt/evidence/2026-11 --key caddyrec/main+1a2b3c4d+AbCd…
  caddy rec verify --key main.public --against loghost/checkpoints.log
  caddy rec verify main-1742.proof --key main.public
  caddy rec verify --json | jq '.problems[]'`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			key, err := readKey(givenKey)
			if err != nil {
				return err
			}
			notes, err := readAnchors(against)
			if err != nil {
				return err
			}
			if isFile(args) {
				return con.verifyProof(args[0], key, notes, asJSON)
			}
			src, err := where.find(args)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return con.verify(ctx, src, ledger.VerifyOptions{Key: key, Against: notes}, asJSON)
		}),
	}
	where.flags(cmd)
	cmd.Flags().StringVar(&givenKey, "key", "", "the log's public key, or the file it is in")
	cmd.Flags().StringArrayVar(&against, "against", nil, "a file of checkpoints kept elsewhere, which the log must go on from; may be repeated")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	return cmd
}

// readKey takes a verifier key as it is, or from the file that has it.
func readKey(given string) (string, error) {
	if given == "" {
		return "", nil
	}
	if strings.HasPrefix(given, "PRIVATE+KEY+") {
		return "", fmt.Errorf("--key is a private key: give the public one, and think of this one as known")
	}
	if ledger.CheckKeys(given) == nil {
		return given, nil
	}
	text, err := readSmall(given)
	if err != nil {
		return "", fmt.Errorf("--key is neither a public key nor the name of a file that has one: %w", err)
	}
	if err := ledger.CheckKeys(text); err != nil {
		return "", fmt.Errorf("--key %s: the file holds no public key of a log: %w", given, err)
	}
	return text, nil
}

// verify verifies a log and prints the report.
func (c *console) verify(ctx context.Context, src *source, opts ledger.VerifyOptions, asJSON bool) error {
	bar := newProgress(c, "verifying "+src.log)
	opts.Progress = bar.set
	var folder fs.FS = src
	if src.far { // a bucket tells no sizes, and its folder names what is none of the log's
		bar.amount, folder = recordsText, src.FS
	}
	report, err := ledger.Verify(ctx, folder, opts)
	bar.end()
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted: log %s is not verified", src.log)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", src.dir, err)
	}
	if asJSON {
		err = c.json(report)
	} else {
		s := sheet{con: c}
		s.report(src, report)
		err = s.print()
	}
	if err == nil && (len(report.Problems) > 0 || unsigned(report)) {
		err = negative("")
	}
	return err
}

// unsigned says that nothing vouches for the records that are there.
func unsigned(r *ledger.Report) bool { return r.Records > 0 && r.Signed == 0 }

// report writes what a verification found.
func (s *sheet) report(src *source, r *ledger.Report) {
	s.field("log", "%s in %s", r.Log, src.dir)
	s.field("records", "%d in %d %s, %s", r.Records, r.Segments, plural(r.Segments, "segment", "segments"), bytesText(r.Bytes))
	if r.Purged > 0 {
		s.field("purged", "%d records, as signed records of the log say", r.Purged)
	}
	if !r.First.IsZero() {
		s.field("from", "%s", s.con.full(r.First))
		s.field("to", "%s", s.con.full(r.Last))
	}
	s.field("signatures", "%d %s checked, the newest at %d records", r.Checkpoints, plural(r.Checkpoints, "checkpoint", "checkpoints"), r.Signed)
	if r.Anchors > 0 {
		s.field("against", "%d %s kept elsewhere checked, the largest at %d records", r.Anchors, plural(r.Anchors, "checkpoint", "checkpoints"), r.AnchorSize)
	} else {
		s.field("against", "none: a log rolled back whole to an older state is found only with --against")
	}
	if r.KeySource == "given" {
		s.field("key", "%s, as given", r.KeyHash)
	} else {
		s.painted("key", warn, "%s, found beside the records", r.KeyHash)
		s.painted("", warn, "Somebody who can rewrite all of the folder could replace this key too.")
		s.painted("", warn, "Pass the one you know: caddy rec verify --key FILE")
	}
	for _, k := range r.Keys[:max(len(r.Keys)-1, 0)] {
		s.field("", "%s signed until record %d", k.ID, int64(*k.Until)-1)
	}
	s.blank()
	switch {
	case len(r.Problems) > 0:
	case unsigned(r):
		s.heading(bad, "NOT PROVEN: no checkpoint is signed for any of these records.")
		s.painted("", bad, "Without one, anybody can write such files. A log signs its first within a second.")
		return
	case r.Signed < uint64(r.Records)+uint64(r.Purged):
		s.heading(good, "Intact, as signed, up to record %d.", r.Signed-1)
		s.painted("", warn, "%d after it came since the newest checkpoint: they are chained, and nobody has signed them yet; a running gateway signs within a second.", uint64(r.Records)+uint64(r.Purged)-r.Signed)
		return
	default:
		s.heading(good, "Intact: every record is there, unchanged and in order.")
		return
	}
	n := problemCount(r.Problems)
	s.heading(bad, "NOT INTACT: %d %s", n, plural(n, "problem", "problems"))
	for _, p := range r.Problems {
		s.painted(p.Kind, bad, "%s", problemText(p))
	}
}

// problemCount counts those that are not listed too.
func problemCount(problems []ledger.Problem) int {
	n := len(problems)
	if last := problems[n-1]; last.Kind == "more" {
		n += int(last.Count) - 1
	}
	return n
}

// problemText says on one line which record is concerned, what is wrong, and in
// which file.
func problemText(p ledger.Problem) string {
	var b strings.Builder
	switch {
	case p.Seq >= 0 && p.Count > 1:
		fmt.Fprintf(&b, "records %d to %d: ", p.Seq, p.Seq+p.Count-1)
	case p.Seq >= 0 && p.ID != "":
		fmt.Fprintf(&b, "record %d (%s): ", p.Seq, p.ID)
	case p.Seq >= 0:
		fmt.Fprintf(&b, "record %d: ", p.Seq)
	}
	b.WriteString(p.Detail)
	if p.Segment != "" {
		b.WriteString(", in " + p.Segment)
		if p.Offset >= 0 {
			fmt.Fprintf(&b, " at byte %d", p.Offset)
		}
	}
	return b.String()
}

// recordsText is a count of records for people.
func recordsText(n int64) string { return fmt.Sprintf("%d %s", n, plural(int(n), "record", "records")) }

// bytesText is a count of bytes for people.
func bytesText(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d bytes", n)
	}
	size, unit := float64(n), 0
	for ; size >= 1<<10 && unit < 4; unit++ {
		size /= 1 << 10
	}
	return fmt.Sprintf("%.1f %ciB", size, " KMGT"[unit])
}
