package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/caddyrec/caddyrec/replay/rerun"
)

// instance is a target or a baseline, found and asked what it is.
type instance struct {
	rerun.Target
	transport *http.Transport
	mark      rerun.Mark
}

// reach finds the target and the baselines, and refuses those that may not be
// sent what is planned. Nothing of the recording is sent yet.
func (j *job) reach(ctx context.Context) (err error) {
	f := j.flags
	if j.target, err = j.instance(ctx, f.to.to, f.to.host); err != nil {
		return err
	}
	j.opts.Target, j.opts.Transport = j.target.URL, j.target.transport
	for _, address := range f.compare.Baseline {
		in, err := j.instance(ctx, address, "")
		if err != nil {
			return fmt.Errorf("baseline: %w", err)
		}
		j.baselines = append(j.baselines, in)
	}
	return nil
}

func (j *job) instance(ctx context.Context, address, host string) (*instance, error) {
	u, err := rerun.ParseTarget(address)
	if err != nil {
		return nil, err
	}
	if j.opts.Credential != nil || j.opts.Secrets != nil || len(j.opts.Originals) > 0 || len(j.opts.Headers) > 0 {
		if err := mayCarry(u, "what you give for the target"); err != nil {
			return nil, err
		}
	}
	in := &instance{Target: rerun.Target{URL: u, Host: host, Recorded: j.plan.Origins()}}
	if in.Listed, err = j.flags.to.isListed(u); err != nil {
		return nil, err
	}
	if err := in.Resolve(ctx); err != nil {
		return nil, err
	}
	in.transport = in.Transport(j.flags.how.Concurrency)
	if in.mark, err = in.Challenge(ctx, in.transport); err != nil {
		return nil, err
	}
	switch {
	case in.mark == rerun.MarkProduction:
		return nil, fmt.Errorf("%s says that it is production: nothing is sent to it", u.Host)
	case in.AsksForRecorded() && in.mark != rerun.MarkTest:
		return nil, fmt.Errorf("--host %s is what was recorded, and %s does not say under that name that it is for tests: nothing is sent to it; let it answer %s", host, u.Host, rerun.ChallengePath)
	case j.opts.Unsafe && in.mark != rerun.MarkTest && !in.Listed:
		return nil, fmt.Errorf("%s does not say that it is for tests, so nothing unsafe is sent to it: let it answer %s, or list it with --targets", u.Host, rerun.ChallengePath)
	}
	return in, nil
}

// allowed is why unsafe requests may be sent.
func (in *instance) allowed() string {
	if in.mark == rerun.MarkTest {
		return "marked"
	}
	return "listed"
}
