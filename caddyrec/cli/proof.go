package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/ledger"
)

func proofCommand() *cobra.Command {
	var (
		where place
		out   string
	)
	cmd := &cobra.Command{
		Use:   "proof <seq>|<id>",
		Short: "Writes one record, with the proof that it is in the log, to a file",
		Long: `
Writes a file with one record in it, its way to the root of the log's tree, and
the signed checkpoint of that: 2 KB at most beside the record. Whoever has the
log's public key can check it with caddy rec verify FILE, without the log and
without seeing any other record.

A record is named by its sequence number or its id. The newest records must wait
for the next checkpoint, which a running gateway signs within a second.

The file is text: the record as it is stored on the first line, and then a C2SP
tlog-proof.
` + exitCodes("there is no such record, or no checkpoint covers it yet"),
		Example: `  caddy rec proof 1742
  caddy rec proof 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3 -o evidence.proof
  caddy rec verify evidence.proof --key main.public`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			name, err := parseName(args[0])
			if err != nil {
				return err
			}
			src, err := where.find(nil)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return con.proof(ctx, src, name, out)
		}),
	}
	where.flags(cmd)
	cmd.Flags().StringVarP(&out, "out", "o", "", "the file to write, which must not be there yet; - is standard output (default: <log>-<seq>.proof)")
	return cmd
}

// proof writes the proof of the record that name means.
func (c *console) proof(ctx context.Context, src *source, name recordName, out string) error {
	if out == "-" && c.tty {
		return errors.New("a record may hold what does something to a terminal: name a file with -o, or send it through a pipe")
	}
	seq, err := src.seqOf(name)
	if err != nil {
		return err
	}
	file, err := ledger.Prove(ctx, src, seq)
	var purged *ledger.PurgedError
	switch {
	case errors.As(err, &purged):
		return negative(fmt.Sprintf("log %s in %s has no record %d any more: %v", src.log, src.dir, seq, purged))
	case errors.Is(err, fs.ErrNotExist) && name.id == "":
		return negative(fmt.Sprintf("log %s in %s has no record %d", src.log, src.dir, seq))
	case errors.Is(err, ledger.ErrNotSigned):
		return negative(fmt.Sprintf("%v: a running gateway signs within a second of a record, one that was stopped hard when it starts again", err))
	case err != nil:
		return fmt.Errorf("%s: %w", src.dir, err)
	}
	if out == "-" {
		_, err := c.out.Write(file)
		return err
	}
	if out == "" {
		out = fmt.Sprintf("%s-%d.proof", src.log, seq)
	}
	if err := writeNew(out, file); err != nil {
		return err
	}
	c.say("%s: record %d of log %s and its proof, %s. Check it with: caddy rec verify %s --key FILE", out, seq, src.log, bytesText(int64(len(file))), out)
	return nil
}

// writeNew writes a file that is not there yet.
func writeNew(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: name another file with -o", name)
	}
	if err != nil {
		return fmt.Errorf("writing the proof: %w", err)
	}
	_, err = f.Write(text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		os.Remove(name)
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// seqOf is the index of the one record that name means. Segments that are too
// old for it are not read, and nothing behind it is.
func (s *source) seqOf(name recordName) (uint64, error) {
	if name.id == "" {
		return name.seq, nil
	}
	from := s.since(timeOf(name.id))
	one, err := s.seek(name, from)
	if one == nil && err == nil && from > 0 {
		one, err = s.seek(name, 0) // a clock was wrong
	}
	if err != nil {
		return 0, err
	}
	if len(one) == 0 {
		return 0, negative(fmt.Sprintf("log %s in %s has no record %s", s.log, s.dir, name))
	}
	if len(one) == 1 {
		return one[0].record.Seq, nil
	}
	text := fmt.Sprintf("%s names %d records, and a proof is of one: say which:", name, len(one))
	for _, it := range one {
		text += fmt.Sprintf("\n  %d  %s  %s", it.record.Seq, it.record.Type, it.record.ID)
	}
	return 0, errors.New(text)
}

// seek finds the record of that id, or else all that belong to what it names.
func (s *source) seek(name recordName, from uint64) ([]item, error) {
	c := collection{name: name}
	err := s.each(filter{name: name.id}, from, func(it item) error {
		if err := c.see(it); err != nil || len(c.exact) == 0 {
			return err
		}
		return errEnough
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return c.found(), broken(s, err)
}
