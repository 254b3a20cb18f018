package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
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
