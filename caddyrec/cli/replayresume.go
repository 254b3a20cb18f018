package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/record"
)

// goOn takes up a replay that was interrupted.
func (j *job) goOn(ctx context.Context, cmd *cobra.Command) error {
	for _, name := range []string{"speed", "rate", "max-rate", "concurrency", "timeout", "give-up", "stand-ins",
		"headers", "ignore", "max-body", "sub", "exchange", "since", "until", "path", "method", "status"} {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("both --resume and --%s are given: a replay goes on as it was begun", name)
		}
	}
	if j.flags.which.session != "" {
		return errors.New("both --resume and a session are given: a replay goes on as it was begun")
	}
	var err error
	if j.folder, err = openFolder(replaysFolder(j.flags.folder), j.flags.resume); err != nil {
		return err
	}
	if j.folder.has(reportFile) {
		return fmt.Errorf("this replay has ended: caddy rec diff %s shows it", j.flags.resume)
	}
	var digest string
	if j.saved, digest, err = j.folder.plan(ctx); err != nil {
		return err
	}
	j.saved.Replay.Plan = digest // it is of the plan without
	if j.saved.Log != j.src.log || len(j.saved.Records) == 0 {
		return fmt.Errorf("the replay is of log %s, not of %s: say which with --log", j.saved.Log, j.src.log)
	}
	if id, err := parseID(filepath.Base(j.folder.Root())); err == nil && id != j.saved.Replay.ID {
		return fmt.Errorf("%s in the folder of replay %s is of replay %s: begin a new replay", planFile, id, clean(j.saved.Replay.ID))
	}
	if err := j.vouched(cmd); err != nil {
		return err
	}
	if err := j.takeUp(ctx); err != nil {
		return err
	}
	if j.saved.Replay.Unsafe && j.folder.has(baselinesFile) && !j.folder.has(noiseFile) {
		return errors.New("it was interrupted while its baselines ran: unsafe requests are not sent to them twice, and the target was sent nothing yet: begin a new replay, with fresh instances")
	}
	j.resumed, j.saved.Replay.Resumed = true, true
	step := j.flags.how.Step
	j.flags.how, j.flags.compare = j.saved.Pace, j.saved.Compare
	j.flags.how.Step, j.flags.fill.StandIns = step, j.saved.Fill.StandIns
	j.flags.to.to, j.flags.to.host, j.flags.to.unsafe = j.saved.To, j.saved.Host, j.saved.Replay.Unsafe
	return j.chosen.again(j.src, j.saved.Records)
}

// vouched checks a plan that is taken up. Whoever can write into the replay's
// folder might have changed where it sends, or what, so the log must know it, or
// the command line say again where it sends, as long as the log says nothing yet:
// one in a bucket has a record when its segment is sealed.
func (j *job) vouched(cmd *cobra.Command) error {
	f, p := j.flags, &j.saved
	was := plannedTo{p.To, p.Host, p.Compare.Baseline, p.Replay.Unsafe}
	now := plannedTo{f.to.to, f.to.host, f.compare.Baseline, f.to.unsafe}
	again := now.equal(was)
	for _, name := range []string{"to", "host", "baseline", "unsafe"} {
		if cmd.Flags().Changed(name) && !again {
			return fmt.Errorf("both --resume and --%s are given, and the replay was begun otherwise: give --to, --host, --baseline and --unsafe as then, or none of them", name)
		}
	}
	started, err := toldOf(j.src, p.Replay.ID, record.ReplayStarted, func(*record.Replay) bool { return true })
	switch {
	case err != nil:
		return err
	case started == nil && !again:
		return fmt.Errorf("log %s has no record yet that replay %s began, so nothing vouches for where it sends to: give --to, --host, --baseline and --unsafe again, as when it was begun", j.src.log, p.Replay.ID)
	case started != nil && started.Plan != p.Replay.Plan:
		return fmt.Errorf("the plan of replay %s is not the one that its record in log %s is of: somebody has changed %s; begin a new replay", p.Replay.ID, j.src.log, planFile)
	}
	return nil
}

// takeUp checks what came of the requests before the interruption. Whoever can
// write into the folder might have changed it, so it must be what the record of
// the interruption is of. Where the replay was killed there is none: then it is
// told how much is taken up without.
func (j *job) takeUp(ctx context.Context) error {
	r := &j.saved.Replay
	digest, n, err := j.folder.state(ctx)
	if err != nil {
		return err
	}
	last, err := toldOf(j.src, r.ID, "replay", func(*record.Replay) bool { return true })
	switch {
	case err != nil:
		return err
	case last == nil || last.Outcome == "" || last.State == "":
		if j.unvouchedNoise = j.folder.has(noiseFile); j.unvouchedNoise {
			j.con.say("What the baselines have shown to be noise is taken up from the replay's folder: log %s has no record of how that run ended, so nothing vouches for it.", j.src.log)
		}
		if j.unvouched = n; n > 0 {
			j.con.say("What came of %d %s before is taken up from the replay's folder: log %s has no record of how that run ended, so nothing vouches for it.", n, plural(n, "request", "requests"), j.src.log)
		}
	case last.State != digest:
		return fmt.Errorf("what came of the requests of replay %s before it was interrupted is not what its record in log %s is of: somebody has changed files in %s; begin a new replay", r.ID, j.src.log, j.folder.Root())
	}
	r.State = digest
	return nil
}

// plannedTo is where a replay sends, and whether that may change something
// there.
type plannedTo struct {
	to, host  string
	baselines []string
	unsafe    bool
}

func (p plannedTo) equal(o plannedTo) bool {
	return p.to == o.to && p.host == o.host && slices.Equal(p.baselines, o.baselines) && p.unsafe == o.unsafe
}
