package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/replay/rerun"
)

// replayFlags are what the command line says about a replay.
type replayFlags struct {
	where   place
	which   selectionFlags
	to      targetFlags
	how     paceFlags
	fill    fillFlags
	compare compareFlags
	address string
	folder  string
	resume  string
	by      string
	json    bool
}

func (f *replayFlags) flags(cmd *cobra.Command) {
	f.where.flags(cmd)
	f.which.flags(cmd)
	f.to.flags(cmd)
	f.how.flags(cmd)
	f.fill.flags(cmd)
	f.compare.flags(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.address, "address", "", "the gateway's admin endpoint, as caddy reload takes it (default: the one of --config, or localhost:2019)")
	fs.StringVar(&f.folder, "replays", "", "folder that replays are kept in (default: caddyrec-replays in Caddy's data directory)")
	fs.StringVar(&f.resume, "resume", "", "go on with this replay, which was interrupted")
	fs.StringVar(&f.by, "by", whoami(), "who asks, for the record")
	fs.BoolVar(&f.json, "json", false, "print the report as JSON")
	fs.Bool("utc", false, "show times in UTC")
}

func replayCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay [<session>]",
		Short: "Sends recorded requests again, to a test instance, and compares the answers",
		Long: `
Sends the requests of a session, or those that the filters choose, again to an
instance made for tests, and tells in what its answers differ from those on
record: by status, by some header fields, and in JSON by path.

They are sent at the recorded times and with the recorded overlap: a request goes
once all are answered that were answered before it on record. Ids that the
target gives in place of the recorded ones are learned, and used in paths,
queries and bodies from then on.

Only safe methods are sent, unless --unsafe. That needs a target that says it is
for tests: it answers GET ` + rerun.ChallengePath + `?nonce=… with the text
"caddyrec-replay-target <nonce>"; or one that --targets lists. The recorded
address is refused in any case, and no redirect is followed.

What is masked on record is filled in from --secrets, from what the target
answered in the same place, with --originals from what the gateway has kept, or
with values of their kind that belong to nobody. Encrypted bodies are opened with
--identity.
Credentials are never on record: give your own with --token-file,
--token-command or CADDYREC_REPLAY_TOKEN.

A replay is on record before it begins, by the gateway that writes the log, or
by this command where none runs; if that cannot be, nothing is sent. Ctrl-C waits
for the requests under way; --resume goes on.
` + exitCodes("some request was not sent, has no answer, or has another one"),
		Example: `  caddy rec replay s_3f6cd1a1b2c3 --to https://orders.test.example.com
  caddy rec replay --sub ana --since 2h --to http://localhost:8081 --unsafe --speed 10
  caddy rec replay s_3f6cd1a1b2c3 --to http://localhost:8081 --baseline http://localhost:8082 --baseline http://localhost:8083
  caddy rec replay --resume 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			if len(args) > 0 {
				f.which.session = args[0]
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			defer context.AfterFunc(ctx, func() {
				con.say("Waiting for the requests under way; once more ends at once.")
				stop() // the second signal ends the process
			})()
			return con.replay(ctx, &f, cmd)
		}),
	}
	f.flags(cmd)
	return cmd
}

// replay runs one replay from its plan to its report.
func (c *console) replay(ctx context.Context, f *replayFlags, cmd *cobra.Command) error {
	src, err := f.where.find(nil)
	if err != nil {
		return err
	}
	j, err := f.job(ctx, c, src, cmd)
	if err != nil {
		return err
	}
	defer j.close()
	if err := j.reach(ctx); err != nil {
		return err
	}
	if err := j.begin(ctx); err != nil {
		return err
	}
	report, err := j.run(ctx)
	if err != nil {
		return errors.Join(err, j.failed())
	}
	if err := j.end(report); err != nil {
		return err
	}
	return j.tell(report)
}

// tell shows what came of a replay.
func (j *job) tell(r *rerun.Report) error {
	if err := j.con.replayed(r, j.flags.json); err != nil {
		return err
	}
	switch r.Outcome {
	case rerun.OutcomeMatched:
		j.con.say("Report: %s", j.folder.page())
		return nil
	case rerun.OutcomeDiffers:
		j.con.say("Report: %s", j.folder.page())
		return negative("")
	case rerun.OutcomeGivenUp:
		return fmt.Errorf("the target does not answer any more: go on later with --resume %s", r.Replay)
	}
	return fmt.Errorf("interrupted after %d of %d requests: go on with --resume %s", r.Counts.Requests-stopped(r), r.Counts.Requests, r.Replay)
}

// stopped is how many requests the replay's end came before.
func stopped(r *rerun.Report) (n int) {
	for _, o := range r.Steps {
		if o.Why == rerun.WhyStopped {
			n++
		}
	}
	return n
}

// paceFlags say how fast requests are sent.
type paceFlags struct {
	Speed       string        `json:"speed"`
	Rate        float64       `json:"rate,omitempty"`
	MaxRate     float64       `json:"max_rate,omitempty"`
	Step        bool          `json:"-"`
	Concurrency int           `json:"concurrency"`
	Timeout     time.Duration `json:"timeout"`
	GiveUp      int           `json:"give_up"`
}

func (p *paceFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&p.Speed, "speed", "1", "how many times as fast as recorded; max: as fast as the order of the answers allows")
	fs.Float64Var(&p.Rate, "rate", 0, "send so many requests a second, whatever the recorded times")
	fs.Float64Var(&p.MaxRate, "max-rate", 0, "send so many requests a second at most")
	fs.BoolVar(&p.Step, "step", false, "ask before each request")
	fs.IntVar(&p.Concurrency, "concurrency", 64, "how many requests may be under way at once")
	fs.DurationVar(&p.Timeout, "timeout", 30*time.Second, "how long an answer may take")
	fs.IntVar(&p.GiveUp, "give-up", 5, "end after so many requests in a row without an answer")
}

// text is the pace for people.
func (p *paceFlags) text() string {
	switch {
	case p.Rate > 0:
		return fmt.Sprintf("%g a second", p.Rate)
	case p.Speed == "max":
		return "no pauses"
	case p.Speed == "1":
		return "as recorded"
	}
	return p.Speed + "× as recorded"
}
