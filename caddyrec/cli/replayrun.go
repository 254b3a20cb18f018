package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/compare"
	"github.com/caddyrec/caddyrec/replay/rerun"
)

// run sends everything.
func (j *job) run(ctx context.Context) (*rerun.Report, error) {
	if j.chosen.own > 0 {
		j.con.say("%d %s left out: the gateway answered without the API.", j.chosen.own, plural(j.chosen.own, "exchange is", "exchanges are"))
	}
	var err error
	if j.opts.Noise, err = j.noise(ctx); err != nil {
		return nil, err
	}
	o := j.opts
	o.State = j.folder
	f, err := j.one(ctx, "replaying", o)
	if err != nil {
		return nil, err
	}
	r := &rerun.Report{
		Replay: j.saved.Replay.ID, Log: j.src.log, Session: j.saved.Replay.Session, Filter: j.saved.Replay.Filter, Target: j.saved.Replay.Target,
		Baselines: j.saved.Replay.Baselines, Unsafe: j.saved.Replay.Unsafe, By: j.saved.Replay.By, Pace: j.flags.how.text(),
		RecordedFrom: j.plan.Steps[0].Began.UTC(), Ignore: j.flags.compare.Ignore, Noise: textsOf(j.opts.Noise), Unvouched: j.unvouched, UnvouchedNoise: j.unvouchedNoise,
	}
	r.Fill(f)
	return r, nil
}

// one runs the plan on one instance.
func (j *job) one(ctx context.Context, label string, o rerun.Options) (*rerun.Finished, error) {
	p := newSteps(j.con, label)
	defer p.end()
	o.Progress = p.set
	return rerun.Run(ctx, j.plan, o)
}

// noise is what two runs on good instances do not agree on.
func (j *job) noise(ctx context.Context) (map[string][]compare.Pattern, error) {
	switch {
	case len(j.baselines) == 0:
		return nil, nil
	case j.resumed && j.folder.has(noiseFile):
		return j.folder.noise(ctx)
	}
	if !j.folder.has(baselinesFile) {
		if err := rerun.WriteState(ctx, j.folder, baselinesFile, struct{}{}); err != nil {
			return nil, err
		}
	}
	var runs [2]*rerun.Finished
	for i := range runs {
		b := j.baselines[i%len(j.baselines)]
		o := j.opts
		o.ID = record.NewID() // with its own idempotency keys
		o.Target, o.Transport, o.Host, o.Ask = b.URL, b.transport, "", nil
		f, err := j.one(ctx, fmt.Sprintf("baseline %d", i+1), o)
		if err != nil {
			return nil, err
		}
		if f.End != rerun.EndDone || f.Counts.Failed > 0 {
			return nil, fmt.Errorf("baseline %s: %d of %d requests have no answer: it tells nothing", b.URL.Host, f.Counts.Failed+f.Counts.Skipped, f.Counts.Requests)
		}
		runs[i] = f
	}
	noise := rerun.Noise(runs[0], runs[1])
	return noise, rerun.WriteState(ctx, j.folder, noiseFile, textsOf(noise))
}

// end keeps the report of a replay that is done, and puts what came of it on
// record.
func (j *job) end(r *rerun.Report) error {
	rec := j.saved.Replay
	c := r.Counts
	rec.Sent, rec.Matched, rec.Differed = int64(c.Sent), int64(c.Matched), int64(c.Differed)
	rec.Failed, rec.Skipped, rec.Unknown = int64(c.Failed), int64(c.Skipped), int64(c.Unknown)
	rec.Outcome, rec.State = string(r.Outcome), ""
	if r.Outcome == rerun.OutcomeMatched || r.Outcome == rerun.OutcomeDiffers {
		// What was interrupted may go on, and has its report then.
		digest, err := j.folder.keep(context.Background(), r)
		if err != nil {
			return errors.Join(err, j.failed())
		}
		rec.Report = digest
	} else {
		var err error
		if rec.State, _, err = j.folder.state(context.Background()); err != nil {
			return errors.Join(err, j.failed())
		}
	}
	return j.recorder.commit(record.ReplayFinished, rec)
}

// failed puts on record that a replay that was begun could not be run.
func (j *job) failed() error {
	rec := j.saved.Replay
	rec.Outcome, rec.State = "failed", ""
	if j.folder != nil {
		rec.State, _, _ = j.folder.state(context.Background()) // without, nothing vouches for it
	}
	return j.recorder.commit(record.ReplayFinished, rec)
}
