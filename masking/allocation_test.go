// Under the race detector a sync.Pool forgets at random, and the detector
// allocates too: make unit runs these without it.

//go:build !race

package masking

import (
	"runtime"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan/jsontest"
)

// allocated is how many bytes a call allocates, once everything is warm.
func allocated(do func()) uint64 {
	least := ^uint64(0)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// TestNoTextAllocatesManyTimesItsMemory counts all that is allocated, garbage too,
// against the larger of what is masked and what it becomes.
func TestNoTextAllocatesManyTimesItsMemory(t *testing.T) {
	const size = 192 << 10
	for _, texts := range []map[string]func(n int) string{hostile, hungry} {
		for name, make := range texts {
			text := make(size)
			quoted := []byte(`{"a":` + quote(text) + `}`)
			named := []byte("{" + quote(text) + ":1}")
			for _, c := range []struct {
				as   string
				most int // times the text
				do   func() int
			}{
				{"text", 8, func() int { out, _ := standard().Text(text); return len(out) }},
				{"form", 14, func() int { out, _ := standard().Query(text); return len(out) }},
				{"JSON", 12, func() int { out, _, _ := standard().JSON(nil, quoted, nil); return len(out) }},
				{"a name in JSON", 20, func() int { out, _, _ := standard().JSON(nil, named, nil); return len(out) }},
			} {
				out := 0
				got := allocated(func() { out = c.do() })
				if got > uint64(c.most*max(len(text), out)) {
					t.Errorf("%s as %s: %d KiB were allocated for %d KiB, masked %d KiB", name, c.as, got>>10, len(text)>>10, out>>10)
				}
			}
		}
	}
}

func TestNothingIsAllocatedWhenNothingIsMasked(t *testing.T) {
	p := must(New(Config{
		Paths: []string{"/customer/notes/**", "/items/*/serial", "/**/internal"}, Detect: []string{"default", "phone"},
		Patterns: []Pattern{{"staff_id", `E-\d{4}`}, {"badge", `\bB\d{8}\b`}}, Allow: []string{"a@example.org"},
		Actions: map[string]Action{"default": {Kind: ActDrop}},
	}))
	for _, src := range [][]byte{jsontest.Order(1), jsontest.Orders(100_000)} {
		out, _, err := p.JSON(nil, src, nil)
		if err != nil || &out[0] != &src[0] || len(out) != len(src) {
			t.Fatalf("the document did not come back as it is: %v", err)
		}
		if n := testing.AllocsPerRun(50, func() { p.JSON(nil, src, nil) }); n != 0 {
			t.Errorf("%d bytes: %v allocations", len(src), n)
		}
	}
}
