package rerun

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestWhatWasFilledInIsTakenOutOfTexts(t *testing.T) {
	var h hider
	h.add("hunter2", "hunter2hunter3", "r3secret", "123", `a "b" c`, "söße", "")
	for text, want := range map[string]string{
		"":                       "",
		"hunter":                 "hunter",
		"hunter2":                "[masked]",
		"a hunter2, hunter2.":    "a [masked], [masked].",
		"hunter2hunter2":         "[masked][masked]",
		"hunter2hunter3":         "[masked]",
		"hunter2hunter3secret!":  "[masked]!", // two that overlap
		"123":                    "[masked]",
		`"123"`:                  "[masked]",
		"1234":                   "1234",
		`{"x":"a \"b\" c"}`:      `{"x":"[masked]"}`,
		"?q=a+%22b%22+c&r=1":     "?q=[masked]&r=1",
		"/s%C3%B6%C3%9Fe/söße/x": "/[masked]/[masked]/x",
	} {
		if got := h.hide(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestHidingDoesNotTakeLongerWithEachValue(t *testing.T) {
	var h hider
	began := time.Now()
	for n := range 200_000 {
		h.add(fmt.Sprintf("%016d", n))
	}
	for range 2_000 {
		h.hide(strings.Repeat("000000000x", 20))
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestHidingDoesNotTakeLongerWithTheLengthsOfValues(t *testing.T) {
	var h hider
	for n := range 4_000 {
		h.add("aaaa" + strings.Repeat("b", n))
	}
	began := time.Now()
	if got := h.hide(strings.Repeat("a", 1<<20)); strings.Contains(got, "aaaa") {
		t.Errorf("%.100s", got)
	}
	if got := h.hide(strings.Repeat("aaa ", 1<<18)); len(got) != 1<<20 {
		t.Errorf("%d bytes", len(got))
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestALongValueIsTakenOutWhole(t *testing.T) {
	start := strings.Repeat("0123456789", 7)
	var h hider
	h.add(start+"-one", start+"-and-another")
	for text, want := range map[string]string{
		"<" + start + "-and-another>": "<[masked]>",
		start + "-one":                "[masked]",
		start[:60] + "-one":           start[:60] + "-one",
		start[:69]:                    "[masked]", // most of one
	} {
		if got := h.hide(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
