package masking

import (
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/jsonscan/jsontest"
)

// BenchmarkRatio measures masking with every default detector against
// gjson.Valid, turn by turn: each's quickest turn counts, so that what else the
// machine does matters little.
func BenchmarkRatio(b *testing.B) {
	for _, doc := range []struct {
		name string
		src  []byte
	}{{"1.5KB", jsontest.Order(1)}, {"100KB", jsontest.Orders(100_000)}} {
		for _, p := range []struct {
			name   string
			policy *Policy
		}{
			{"default", standard()},
			{"paths", must(New(Config{Paths: []string{"/customer/notes/**", "/items/*/serial", "/**/internal"}}))},
		} {
			b.Run(p.name+"/"+doc.name, func(b *testing.B) {
				turn := func(do func()) time.Duration {
					begin := time.Now()
					for range 1 + 100_000/len(doc.src) {
						do()
					}
					return time.Since(begin)
				}
				valid, mask := time.Hour, time.Hour
				for b.Loop() {
					valid = min(valid, turn(func() { gjson.ValidBytes(doc.src) }))
					mask = min(mask, turn(func() { p.policy.JSON(nil, doc.src, nil) }))
				}
				b.ReportMetric(float64(mask)/float64(valid), "×gjson")
			})
		}
	}
}
