package rerun

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyrec/caddyrec/storage/local"
)

func TestTheRecordedPausesAreKept(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*Options)
		want string
	}{
		{"original", func(o *Options) { o.Speed = 1 }, "[0s 1.1s 4.1s]"},
		{"ten times", func(o *Options) { o.Speed = 10 }, "[0s 110ms 410ms]"},
		{"no pauses", func(*Options) {}, "[0s 0s 0s]"},
		{"two a second", func(o *Options) { o.Rate, o.Speed = 2, 1 }, "[0s 500ms 1s]"},
		{"two a second at most", func(o *Options) { o.MaxRate, o.Speed = 2, 10 }, "[0s 500ms 1s]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &recording{t: t}
				r.add(100*time.Millisecond, "GET", "/a", "", 200, `{}`)
				r.add(0, "GET", "/b", "", 200, `{}`)
				r.at += 2 * time.Second
				r.add(0, "GET", "/c", "", 200, `{}`)
				s := r.echo()
				o := options(s)
				c.set(&o)
				run(t, r, o)
				var at []time.Duration
				for _, a := range s.asked {
					at = append(at, a.at)
				}
				if fmt.Sprint(at) != c.want {
					t.Errorf("sent at %v, want %s", at, c.want)
				}
			})
		})
	}
}

func TestRequestsOverlapAsTheyDidOnRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recording{t: t}
		// a and b overlap; c begins after a has ended, while b goes on.
		r.add(2*time.Second, "GET", "/a", "", 200, `{}`)
		r.at = time.Second
		r.add(9*time.Second, "GET", "/b", "", 200, `{}`)
		r.at = 3 * time.Second
		r.add(time.Second, "GET", "/c", "", 200, `{}`)
		var mu sync.Mutex
		under, story := 0, ""
		s := &target{answer: func(r *http.Request, _ string) (int, string, http.Header) {
			mu.Lock()
			under++
			story += fmt.Sprintf("%s%d ", r.URL.Path[1:], under)
			mu.Unlock()
			time.Sleep(map[string]time.Duration{"/a": 5 * time.Second, "/b": 20 * time.Second, "/c": time.Second}[r.URL.Path])
			mu.Lock()
			under--
			mu.Unlock()
			return 200, `{}`, nil
		}}
		run(t, r, options(s))
		if story != "a1 b2 c2 " && story != "b1 a2 c2 " {
			t.Errorf("under way at each: %s", story)
		}
		if s.asked[2].at != 5*time.Second {
			t.Errorf("c was sent at %v, before a had its answer", s.asked[2].at)
		}
	})
}

func TestADeadTargetEndsTheReplayAndASlowOneIsNotWaitedForWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recording{t: t}
		for range 9 {
			r.add(0, "GET", "/a", "", 200, `{}`)
		}
		dead := &target{answer: func(*http.Request, string) (int, string, http.Header) { return -1, "", nil }}
		f := run(t, r, options(dead))
		if f.End != EndGivenUp || len(dead.asked) != 5 || f.Counts.Failed != 5 || f.Counts.Skipped != 4 || f.Outcomes[0].Why != WhyConnection {
			t.Errorf("%s after %d: %+v", f.End, len(dead.asked), f.Counts)
		}
		slow := &target{answer: func(*http.Request, string) (int, string, http.Header) { return 0, "", nil }}
		o := options(slow)
		o.Timeout = 3 * time.Second
		began := time.Now()
		f = run(t, r, o)
		if f.Outcomes[0].Why != WhyTimeout || time.Since(began) != 15*time.Second {
			t.Errorf("%+v after %v", f.Outcomes[0], time.Since(began))
		}
	})
}

func TestAnInterruptedReplayGoesOnWhereItWas(t *testing.T) {
	state, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	r := &recording{t: t}
	r.add(0, "POST", "/orders", `{}`, 201, `{"id":17}`)
	r.add(0, "POST", "/orders/17/pay", `{}`, 200, `{}`)
	r.add(0, "GET", "/orders/17", "", 200, `{"id":17}`)
	ctx, stop := context.WithCancel(t.Context())
	answer := func(r *http.Request, _ string) (int, string, http.Header) {
		if r.URL.Path == "/orders" {
			stop() // while it is under way: its answer is waited for
			return 201, `{"id":3}`, nil
		}
		return 200, `{"id":3}`, nil
	}
	first := &target{answer: answer}
	o := options(first)
	o.State = state
	f, err := Run(ctx, NewPlan(r.steps), o)
	if err != nil || f.End != EndInterrupted || len(first.asked) != 1 || f.Outcomes[0].State != Matched || f.Outcomes[1].Why != WhyStopped {
		t.Fatalf("%v %+v %v", err, f, first.lines())
	}
	// The second was under way when somebody killed the process.
	if err := WriteState(t.Context(), state, stepName(2, sentSuffix), struct{}{}); err != nil {
		t.Fatal(err)
	}
	second := &target{answer: answer}
	o.Transport = second
	f = run(t, r, o)
	wantLines(t, second.lines(), "GET /orders/3")
	if f.Outcomes[1].State != Unknown || f.Outcomes[2].State != Matched || f.Counts.AllMatched() || f.End != EndDone {
		t.Errorf("%+v", f.Counts)
	}
	other := &recording{t: t}
	other.add(0, "GET", "/x", "", 200, `{}`)
	other.steps[0].Seq = 99
	if _, err := Run(t.Context(), NewPlan(other.steps), o); err == nil {
		t.Error("the state of another plan is taken up")
	}
}

func TestAReplayGoesOnAfterAnAnswerFullOfNewIDs(t *testing.T) {
	list := func(from int) string {
		var b strings.Builder
		for n := range 70_000 {
			fmt.Fprintf(&b, `,{"id":%d}`, from+n)
		}
		return `{"orders":[` + b.String()[1:] + `]}`
	}
	r := &recording{t: t}
	r.add(0, "GET", "/orders", "", 200, list(10_000))
	s := &target{answer: func(*http.Request, string) (int, string, http.Header) { return 200, list(200_000), nil }}
	o := options(s)
	state, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	o.State = state
	for range 2 { // the second finds all done
		if f := run(t, r, o); f.Counts.Matched != 1 || len(f.Outcomes[0].Learned) != 70_000 {
			t.Errorf("%+v, %d learned", f.Counts, len(f.Outcomes[0].Learned))
		}
	}
	if len(s.asked) != 1 {
		t.Errorf("%d requests were sent", len(s.asked))
	}
	if _, n, err := StateDigest(t.Context(), o.State); n != 1 || err != nil {
		t.Errorf("%d: %v", n, err)
	}
}

func TestStepModeAsks(t *testing.T) {
	r := &recording{t: t}
	for _, path := range []string{"/a", "/b", "/c", "/d"} {
		r.add(0, "GET", path, "", 200, `{}`)
	}
	s := &target{answer: func(*http.Request, string) (int, string, http.Header) { return 200, `{}`, nil }}
	o := options(s)
	choices := []Choice{Send, Skip, Go}
	o.Ask = func(*Step) Choice {
		c := choices[0]
		choices = choices[1:]
		return c
	}
	f := run(t, r, o)
	wantLines(t, s.lines(), "GET /a", "GET /c", "GET /d")
	if f.Outcomes[1].Why != WhyChosen {
		t.Errorf("%+v", f.Outcomes[1])
	}
}
