package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/rerun"
)

// job is one replay of the command.
type job struct {
	con      *console
	flags    *replayFlags
	src      *source
	recorder *recorder
	folder   *replayFolder
	plan     *rerun.Plan
	chosen   chosen
	saved    savedPlan
	resumed  bool
	// unvouched is how many results are taken up that nothing on record is of.
	unvouched int
	// unvouchedNoise says that this goes for what the baselines have shown.
	unvouchedNoise bool
	opts           rerun.Options

	target    *instance
	baselines []*instance
}

// job makes a replay ready as the flags say, or as it was when it was begun.
func (f *replayFlags) job(ctx context.Context, c *console, src *source, cmd *cobra.Command) (*job, error) {
	j := &job{con: c, flags: f, src: src}
	err := f.asked().check(f.fill.identity)
	if err == nil {
		j.chosen.wants = f.fill.originals
		j.chosen.opener, err = f.fill.identity.opener(src)
	}
	switch {
	case err != nil:
	case f.resume != "":
		err = j.goOn(ctx, cmd)
	default:
		err = j.anew()
	}
	if err == nil {
		j.plan = rerun.NewPlan(j.chosen.steps)
		err = j.options()
	}
	if err == nil {
		j.recorder, err = newRecorder(src, f.address)
	}
	if err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// anew plans a new replay.
func (j *job) anew() error {
	f := j.flags
	if f.to.to == "" {
		return errors.New("where to? Name the test instance with --to https://…")
	}
	if err := f.which.choose(j.src, &j.chosen, j.con.now(), j.con.zone); err != nil {
		return err
	}
	j.saved = savedPlan{
		Replay: record.Replay{
			ID: record.NewID(), Session: f.which.session, Filter: f.which.text(), Unsafe: f.to.unsafe, By: f.by, Requests: int64(len(j.chosen.steps)),
		},
		Log: j.src.log, To: f.to.to, Host: f.to.host, Pace: f.how, Fill: f.fill, Compare: f.compare,
	}
	return nil
}

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

// options checks the rest of what was said.
func (j *job) options() (err error) {
	f := j.flags
	o := rerun.Options{
		ID: j.saved.Replay.ID, Host: f.to.host, Unsafe: f.to.unsafe, Rate: f.how.Rate, MaxRate: f.how.MaxRate, Concurrency: f.how.Concurrency,
		Timeout: f.how.Timeout, GiveUp: f.how.GiveUp, MaxBody: f.compare.MaxBody, StandIns: f.fill.StandIns, Compare: f.compare.Headers,
	}
	if f.how.Speed != "max" {
		if o.Speed, err = strconv.ParseFloat(strings.TrimSuffix(f.how.Speed, "x"), 64); err != nil || !(o.Speed > 0) || math.IsInf(o.Speed, 0) {
			return fmt.Errorf("--speed %s: give a number such as 1 or 10, or max", f.how.Speed)
		}
	}
	if o.Rate < 0 || o.MaxRate < 0 || o.Concurrency < 1 || o.Timeout <= 0 || o.GiveUp < 1 || o.MaxBody < 1 {
		return errors.New("--rate, --max-rate, --concurrency, --timeout, --give-up and --max-body are positive")
	}
	if f.how.Step && !j.con.asks {
		return errors.New("--step asks before each request, and nobody is there to answer")
	}
	if f.how.Step {
		o.Ask = j.con.asker()
	}
	if o.Headers, err = f.to.fields(); err != nil {
		return err
	}
	names := []string{}
	for _, h := range o.Headers {
		names = append(names, h.Name)
	}
	if j.resumed && !slices.Equal(names, j.saved.Header) && len(names)+len(j.saved.Header) > 0 {
		return fmt.Errorf("the replay was begun with --header for %s, which is not kept: give it again", strings.Join(j.saved.Header, ", "))
	}
	j.saved.Header = names
	if o.Ignore, err = f.compare.patterns(); err != nil {
		return err
	}
	if o.Unsafe && len(f.compare.Baseline) == 1 {
		return errors.New("--baseline is given once, and --unsafe: the second run would find what the first one has changed: name two fresh instances")
	}
	if o.Credential, err = f.to.credential(); err != nil {
		return err
	}
	if o.Secrets, err = f.fill.read(); err != nil {
		return err
	}
	o.Originals = j.chosen.originals
	var mask *caddyrec.Mask
	if f.where.config != "" {
		configured, err := readConfig(f.where.config)
		if err != nil {
			return err
		}
		mask = configured.mask
	}
	if o.Policy, err = mask.ForReports(j.plan.SecretNames()); err != nil {
		return fmt.Errorf("what is masked in the report: %w", err)
	}
	j.opts = o
	return nil
}

// begin keeps the plan and puts the replay on record.
func (j *job) begin(ctx context.Context) (err error) {
	r := &j.saved.Replay
	r.Target = j.target.Origin()
	r.Baselines = nil
	for _, b := range j.baselines {
		r.Baselines = append(r.Baselines, b.Origin())
	}
	if r.Unsafe {
		r.Allowed = j.target.allowed()
	}
	var plan []byte
	if !j.resumed {
		for _, s := range j.plan.Steps {
			j.saved.Records = append(j.saved.Records, planned{s.Seq, s.Exchange})
		}
		if plan, r.Plan, err = j.saved.text(); err != nil {
			return err
		}
	}
	if len(j.chosen.opened) > 0 {
		asked := j.flags.asked()
		ask := asked.question(j.src)
		ask.Records = j.chosen.opened
		if err := asked.tell(j.src, ask); err != nil {
			return fmt.Errorf("originals are not used, since that cannot be put on record: %w", err)
		}
	}
	if err := j.recorder.commit(record.ReplayStarted, *r); err != nil {
		return err
	}
	if j.resumed {
		return nil
	}
	if j.folder, err = makeFolder(replaysFolder(j.flags.folder), r.ID); err == nil {
		err = j.folder.Create(ctx, planFile, bytes.NewReader(plan))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keeping the plan: %w", err), j.failed())
	}
	return nil
}

func (j *job) close() {
	for _, in := range append(slices.Clone(j.baselines), j.target) {
		if in != nil {
			in.transport.CloseIdleConnections()
		}
	}
	if j.folder != nil {
		j.folder.Close()
	}
}
