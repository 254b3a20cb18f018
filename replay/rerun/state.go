package rerun

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/storage"
)

// A replay's state is write-once objects: steps/<n>.json is what came of a
// request, steps/<n>.sent was written before an unsafe one was sent. So one
// that was under way when the process was killed is not sent twice.

const (
	stepsFolder   = "steps/"
	outcomeSuffix = ".json"
	sentSuffix    = ".sent"
)

func stepName(n int, suffix string) string { return fmt.Sprintf("%s%06d%s", stepsFolder, n, suffix) }

// maxStateFile bounds what is read back, in bytes: of an answer with a list of a
// hundred thousand new ids it is ten times the answer.
const maxStateFile = 1 << 30

// earlier are the outcomes of an earlier run, by the request's number.
func earlier(ctx context.Context, s storage.Store, plan *Plan) (map[int]*Outcome, error) {
	done := map[int]*Outcome{}
	if s == nil {
		return done, nil
	}
	var names []string
	for name, err := range s.List(ctx, stepsFolder) {
		if err != nil {
			return nil, fmt.Errorf("listing the steps of the replay: %w", err)
		}
		names = append(names, name)
	}
	for _, name := range names {
		var n int
		if _, err := fmt.Sscanf(strings.TrimPrefix(name, stepsFolder), "%06d", &n); err != nil || n < 1 || n > len(plan.Steps) {
			return nil, fmt.Errorf("the replay's state has %s, which is no step of this plan", name)
		}
		if strings.HasSuffix(name, sentSuffix) {
			if done[n] == nil {
				o := plan.outcome(n)
				o.State, o.Why = Unknown, WhyInterrupted
				done[n] = o
			}
			continue
		}
		o := new(Outcome)
		if err := ReadState(ctx, s, name, o); err != nil {
			return nil, err
		}
		if o.N != n || o.Seq != plan.Steps[n-1].Seq {
			return nil, fmt.Errorf("%s of the replay's state is of another plan", name)
		}
		done[n] = o
	}
	return done, nil
}

// StateDigest is the SHA-256, in hex, of all that is kept of a replay under way:
// of what came of its requests, and of the other objects that are named, where
// they are there. N is how many requests something came of.
func StateDigest(ctx context.Context, s storage.Store, others ...string) (digest string, n int, err error) {
	var names []string
	for _, folder := range append([]string{stepsFolder}, others...) {
		for name, err := range s.List(ctx, folder) {
			if err != nil {
				return "", 0, fmt.Errorf("listing the state of the replay: %w", err)
			}
			names = append(names, name)
			if strings.HasPrefix(name, stepsFolder) && strings.HasSuffix(name, outcomeSuffix) {
				n++
			}
		}
	}
	slices.Sort(names)
	all := sha256.New()
	for _, name := range names {
		text, err := storage.Read(ctx, s, name, maxStateFile)
		if err != nil {
			return "", 0, fmt.Errorf("reading %s of the replay: %w", name, err)
		}
		fmt.Fprintf(all, "%x  %s\n", sha256.Sum256(text), name) // as sha256sum prints it
	}
	return hex.EncodeToString(all.Sum(nil)), n, nil
}

// ReadState reads a JSON object of a replay's state.
func ReadState(ctx context.Context, s storage.Store, name string, into any) error {
	text, err := storage.Read(ctx, s, name, maxStateFile)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("reading %s of the replay: %w", name, err)
	}
	return nil
}

// WriteState writes an object of a replay's state, once.
func WriteState(ctx context.Context, s storage.Store, name string, v any) error {
	text, err := json.Marshal(v)
	if err == nil {
		err = s.Create(ctx, name, bytes.NewReader(text))
	}
	if err != nil {
		return fmt.Errorf("writing %s of the replay: %w", name, err)
	}
	return nil
}

// keep writes what came of a request, if state is kept.
func (r *runner) keep(o *Outcome) error {
	if r.opts.State == nil {
		return nil
	}
	return WriteState(r.life, r.opts.State, stepName(o.N, outcomeSuffix), o)
}

// beforeUnsafe notes that an unsafe request is about to be sent.
func (r *runner) beforeUnsafe(n int) error {
	if r.opts.State == nil {
		return nil
	}
	return WriteState(r.life, r.opts.State, stepName(n, sentSuffix), struct{}{})
}
