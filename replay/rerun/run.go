package rerun

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"sync"
	"time"
)

// runner is one run of a plan.
type runner struct {
	opts    Options
	plan    *Plan
	learned *learned
	hidden  *hider
	fields  map[string]bool // that headers want the newest value of
	life    context.Context // of requests under way: it outlives an interruption

	mu       sync.Mutex
	jars     map[string]*cookiejar.Jar
	outcomes []*Outcome // by number - 1
	fails    int        // in a row
	stateErr error
	kept     int
}

// Run sends a plan's requests. When ctx ends, no more are sent; those under way
// are waited for, each up to its timeout, and what is done is kept: run the same
// plan with the same state again, and it goes on. An error means that the
// replay could not be run, or its state not kept.
func Run(ctx context.Context, plan *Plan, opts Options) (*Finished, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	r := &runner{
		opts: opts, plan: plan, learned: newLearned(), hidden: new(hider), fields: map[string]bool{},
		life: context.WithoutCancel(ctx), jars: map[string]*cookiejar.Jar{}, outcomes: make([]*Outcome, len(plan.Steps)),
	}
	for _, h := range opts.Headers {
		if name := h.field(); name != "" {
			r.fields[canonical(name)] = true
		}
		if h.Secret {
			r.hidden.add(h.Value)
		}
	}
	r.hidden.add(opts.Secrets.values()...)
	done, err := earlier(ctx, opts.State, plan)
	if err != nil {
		return nil, err
	}
	for n, o := range done {
		r.outcomes[n-1] = o
		r.learned.restore(o.Learned)
		r.kept++
	}
	f := &Finished{Began: time.Now()}
	f.End = r.dispatch(ctx)
	f.Ended = time.Now()
	if r.stateErr != nil {
		return nil, r.stateErr
	}
	for i, o := range r.outcomes {
		if o == nil {
			o = plan.outcome(i + 1)
			o.State, o.Why = Skipped, WhyStopped
		}
		f.Outcomes = append(f.Outcomes, o)
		f.Counts.add(o)
	}
	return f, nil
}

// outcome begins what came of the plan's request number n.
func (p *Plan) outcome(n int) *Outcome {
	s := p.Steps[n-1]
	_, rest := s.origin()
	return &Outcome{
		N: n, Seq: s.Seq, Exchange: s.Exchange, Method: s.Request.Method, Path: rest, Recorded: s.Response.Status,
		RecordedAt: s.Began.Sub(p.Steps[0].Began).Microseconds(), RecordedTook: s.Ended.Sub(s.Began).Microseconds(),
	}
}

// dispatch sends what is left of the plan, and says how it ended.
func (r *runner) dispatch(ctx context.Context) End {
	var (
		under = map[int]bool{} // way, by index
		done  = make(chan int)
		began = time.Now()
		pace  = newPace(&r.opts, r.plan, r.firstLeft())
		ask   = r.opts.Ask
	)
	defer func() {
		for range under {
			<-done
		}
	}()
	for i, s := range r.plan.Steps {
		if r.outcomes[i] != nil {
			continue
		}
		if why, detail := r.unsendable(s); why != "" {
			r.skip(i, why, detail)
			continue
		}
		for r.mustWait(under, s) {
			select {
			case n := <-done:
				delete(under, n)
			case <-ctx.Done():
				return EndInterrupted
			}
		}
		timer := time.NewTimer(time.Until(pace.due(i, time.Now())))
		for waiting := true; waiting; {
			select {
			case n := <-done:
				delete(under, n)
			case <-ctx.Done():
				timer.Stop()
				return EndInterrupted
			case <-timer.C:
				waiting = false
			}
		}
		switch end := r.ended(ctx); {
		case end != "":
			return end
		case ask != nil:
			switch ask(s) {
			case Skip:
				r.skip(i, WhyChosen, "")
				continue
			case Go:
				ask = nil
			case Abort:
				return EndInterrupted
			}
		}
		pace.sent(time.Now())
		under[i] = true
		go func() {
			r.one(i, began)
			done <- i
		}()
	}
	for len(under) > 0 {
		delete(under, <-done)
	}
	if end := r.ended(ctx); end == EndGivenUp {
		return end
	}
	return EndDone
}

// ended says why no more is sent, if that is so.
func (r *runner) ended(ctx context.Context) End {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.fails >= r.opts.GiveUp || r.stateErr != nil:
		return EndGivenUp
	case ctx.Err() != nil:
		return EndInterrupted
	}
	return ""
}

// mustWait says whether a request must not be sent yet: too many are under way,
// or one is that had its answer before this one began, on record.
func (r *runner) mustWait(under map[int]bool, s *Step) bool {
	if len(under) >= r.opts.Concurrency {
		return true
	}
	for i := range under {
		if !r.plan.Steps[i].Ended.After(s.Began) {
			return true
		}
	}
	return false
}

func (r *runner) firstLeft() int {
	for i, o := range r.outcomes {
		if o == nil {
			return i
		}
	}
	return 0
}

// skip notes that a request is not sent.
func (r *runner) skip(i int, why Why, detail string) {
	o := r.plan.outcome(i + 1)
	o.State, o.Why, o.Detail = Skipped, why, detail
	r.finish(i, o)
}

// finish notes what came of a request.
func (r *runner) finish(i int, o *Outcome) {
	o.Path = r.hidden.hide(o.Path)
	r.mu.Lock()
	defer r.mu.Unlock()
	// What has failed and may be sent again without harm is, when the replay
	// goes on.
	if o.State != Failed || !r.plan.Steps[i].Safe() {
		if err := r.keep(o); err != nil && r.stateErr == nil {
			r.stateErr = err
		}
	}
	r.outcomes[i] = o
	r.kept++
	if o.State == Failed {
		r.fails++
	} else if o.State != Skipped {
		r.fails = 0
	}
	if r.opts.Progress != nil {
		r.opts.Progress(r.kept, len(r.plan.Steps), o)
	}
}

// one deals with one request.
func (r *runner) one(i int, began time.Time) {
	s := r.plan.Steps[i]
	req := r.fill(s)
	o := r.plan.outcome(i + 1)
	o.Filled, o.Unfilled = req.filled, req.unfilled
	if req.missing {
		o.State, o.Why, o.Detail = Skipped, WhyUnfilled, "what is masked has nothing in its place: give it with --secrets, or let stand-ins be used"
		r.finish(i, o)
		return
	}
	if !s.Safe() {
		if err := r.beforeUnsafe(o.N); err != nil {
			r.mu.Lock()
			r.stateErr = err
			r.mu.Unlock()
			return
		}
	}
	sent := time.Now()
	answer, why, err := r.send(s, req)
	o.At, o.Took = max(sent.Sub(began).Microseconds(), 1), time.Since(sent).Microseconds()
	if err != nil {
		o.State, o.Why, o.Detail = Failed, why, r.told(err)
		r.finish(i, o)
		return
	}
	o.Replayed = answer.Status
	r.judge(i, o, answer)
	r.finish(i, o)
}

// jar keeps what the target sets in a session.
func (r *runner) jar(session string) http.CookieJar {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jars[session] == nil {
		r.jars[session], _ = cookiejar.New(nil) // never fails
	}
	return r.jars[session]
}

func idempotencyKey(replay, of string) string { return fmt.Sprintf("caddyrec-%s-%s", replay, of) }
