package rerun

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// within fails the test when fn takes longer than it may.
func within(t *testing.T, most time.Duration, fn func()) {
	t.Helper()
	over := make(chan struct{})
	go func() {
		defer close(over)
		fn()
	}()
	select {
	case <-over:
	case <-time.After(most):
		t.Fatalf("it takes more than %s", most)
	}
}

func TestAKeyOfHalfAMiBAboveManyValuesHoldsNobodyUp(t *testing.T) {
	body := func(value string) string {
		return `{"` + strings.Repeat("k", 500_000) + `":[` + strings.Repeat(value+",", 200_000) + value + `]}`
	}
	r := &recording{t: t}
	r.add(0, "POST", "/orders", body("1"), 200, body("1"))
	r.add(0, "POST", "/orders", body("1"), 200, body("2"))
	s := &target{answer: func(*http.Request, string) (int, string, http.Header) { return 200, body("1"), nil }}
	o := options(s)
	o.Unsafe = true
	within(t, 20*time.Second, func() {
		f := run(t, r, o)
		if f.Outcomes[0].State != Matched || f.Outcomes[1].State != Differs {
			t.Errorf("%s, %s", f.Outcomes[0].State, f.Outcomes[1].State)
		}
	})
	if s.asked[0].body != body("1") {
		t.Error("the body is not sent as it was")
	}
}

func TestATextOfMarksAloneHoldsNobodyUp(t *testing.T) {
	text := `{"note":"x` + strings.Repeat("[masked] ", 100_000) + `"}`
	r := &recording{t: t}
	r.add(0, "POST", "/orders", text, 200, `{}`)
	s := &target{answer: func(*http.Request, string) (int, string, http.Header) { return 200, `{}`, nil }}
	o := options(s)
	o.Unsafe, o.StandIns = true, true
	within(t, 20*time.Second, func() { run(t, r, o) })
	if got := s.asked[0].body; strings.Contains(got, "[masked]") || !strings.HasPrefix(got, `{"note":"x`) {
		t.Errorf("%.100s", got)
	}
}
