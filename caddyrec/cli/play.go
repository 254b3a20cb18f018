package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/replay/frames"
)

func playCommand() *cobra.Command {
	var (
		where    place
		givenKey string
		speed    string
		from     string
		idle     time.Duration
		step     bool
		live     bool
		asJSON   bool
	)
	cmd := &cobra.Command{
		Use:   "play <session>|<seq>|<id>",
		Short: "Plays a recorded session back",
		Long: `
Shows what happened in a session, in the order and, on a terminal, in the time in
which it happened: who, when, each request and its answer with the masked places
marked, approvals and refusals. The session is named by its id, or by any record
of it.

Each record is read through the proofs of the log, which needs no gateway. One
that is damaged, or gone, is shown as that, and nothing that stands in its place.
The key that proofs are verified with is the one beside the log, or --key.

On a terminal these keys do something:
  space     pause, and go on
  s         step: show the next frame, and pause
  right     show the next frame now
  left      go back a frame
  g, G      go to the first frame, or to the last
  0 … 9     go to so many tenths of the session
  + -       twice as fast, half as fast
  m         as fast as can be
  q         quit

Elsewhere, and with --json, all comes at once unless --speed is given. --json
prints a frame on each line, with the record in it as it is stored.
` + exitCodes("the log has no such session, or records of it are damaged"),
		Example: `  caddy rec play s_3f6cd1a1b2c3
  caddy rec play 1742 --speed 4 --idle 2s
  caddy rec play s_3f6cd1a1b2c3 --step
  caddy rec play s_3f6cd1a1b2c3 --live
  caddy rec play s_3f6cd1a1b2c3 --json | jq -r 'select(.kind == "exchange").record.request.url'`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			p := player{con: con, json: asJSON, step: step, live: live}
			var err error
			if p.pace, err = paceOf(speed, idle, con.tty && !asJSON); err != nil {
				return err
			}
			key, err := readKey(givenKey)
			if err != nil {
				return err
			}
			src, err := where.find(nil)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			if err := p.open(ctx, src, key, args[0]); err != nil {
				return err
			}
			if p.next, err = p.find(ctx, from); err != nil {
				return err
			}
			return p.play(ctx)
		}),
	}
	where.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&givenKey, "key", "", "public key of the log, or a file with it (default: the key beside the log)")
	f.StringVar(&speed, "speed", "", "how many times faster than it was, or max (default: 1 on a terminal, else max)")
	f.StringVar(&from, "from", "", "begin at this frame, counted from 0, or at this time, such as 2026-11-21T18:00:00Z")
	f.DurationVar(&idle, "idle", 5*time.Second, "pause no longer than this, however long nothing happened; 0: as long as it was")
	f.BoolVar(&step, "step", false, "begin paused, and show a frame at a time")
	f.BoolVar(&live, "live", false, "go on with what comes, until it is interrupted")
	f.BoolVar(&asJSON, "json", false, "print frames as JSON, one a line")
	f.Bool("utc", false, "show times in UTC")
	return cmd
}

func paceOf(speed string, idle time.Duration, timed bool) (frames.Pace, error) {
	if idle < 0 {
		return frames.Pace{}, fmt.Errorf("--idle %v: give the longest pause, or 0 for none shorter than it was", idle)
	}
	p := frames.Pace{Idle: idle}
	if speed == "" {
		if timed {
			p.Speed = 1
		}
		return p, nil
	}
	var ok bool
	if p.Speed, ok = frames.ParseSpeed(speed); !ok {
		return frames.Pace{}, fmt.Errorf("--speed %s: neither max nor a number from %g to %d", speed, frames.MinSpeed, frames.MaxSpeed)
	}
	return p, nil
}

// open finds the session that a name means.
func (p *player) open(ctx context.Context, src *source, key, name string) error {
	session, err := src.sessionOf(name)
	if err != nil {
		return err
	}
	reader, err := ledger.NewReader(src, key)
	if err != nil {
		return err
	}
	p.library = frames.NewLibrary(reader)
	if p.recording, err = p.library.Open(ctx, session); errors.Is(err, fs.ErrNotExist) {
		return negative(fmt.Sprintf("log %s in %s has no record of session %s: see caddy rec ls --session", src.log, src.dir, session))
	}
	return err
}

// sessionOf is the session that a name means: its own id, or the name of a
// record of it.
func (s *source) sessionOf(text string) (string, error) {
	name, err := parseName(text)
	if err != nil {
		return text, nil
	}
	found, err := s.lookUp(name, false)
	if err != nil {
		return "", err
	}
	for _, it := range found {
		if it.record.Session != nil {
			return it.record.Session.ID, nil
		}
	}
	// An approval's records know the exchange only.
	if id := found[0].record.Exchange; id != "" {
		if found, err = s.named(recordName{id: id}); err != nil {
			return "", err
		}
		for _, it := range found {
			if it.record.Session != nil {
				return it.record.Session.ID, nil
			}
		}
	}
	return "", negative(fmt.Sprintf("record %d, of type %s, belongs to no session", found[0].record.Seq, found[0].record.Type))
}

// find is the frame that --from means.
func (p *player) find(ctx context.Context, from string) (int, error) {
	if from == "" {
		return 0, nil
	}
	if n, err := strconv.Atoi(from); err == nil && n >= 0 {
		if most := p.recording.Len(); n >= most {
			return 0, negative(fmt.Sprintf("--from %d: the session has %d frames", n, most))
		}
		return n, nil
	}
	t, err := time.Parse(time.RFC3339, from)
	if err != nil {
		return 0, fmt.Errorf("--from %s: neither the number of a frame nor a time such as 2026-11-21T18:00:00Z", from)
	}
	for n := 0; ; n++ {
		f, err := p.recording.Frame(ctx, n)
		if errors.Is(err, frames.ErrEnd) {
			return 0, negative(fmt.Sprintf("--from %s: the session has no frame so late", from))
		}
		if err != nil {
			return 0, err
		}
		if !f.Time.Before(t) {
			return n, nil
		}
	}
}
