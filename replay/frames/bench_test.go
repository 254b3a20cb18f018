package frames

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// BenchmarkColdSession watches a session of 5,000 frames in a sealed segment of
// 64 MiB, of which nothing is in memory.
func BenchmarkColdSession(b *testing.B) {
	w := newWorld(b, func(o *ledger.Options) { o.SealBytes = 64 << 20 })
	const sessions, each = 8, 5000
	var wg sync.WaitGroup
	for s := range sessions {
		random := rand.New(rand.NewPCG(uint64(s), 0))
		wg.Go(func() {
			for i := range each {
				r := record.New(record.ExchangeType)
				r.Session = &record.Session{ID: fmt.Sprint("s", s), Key: "sid"}
				body := "{"
				for len(body) < 1400 {
					body += fmt.Sprintf(`"name%d":"%x",`, len(body), random.Uint64())
				}
				r.Exchange, r.Response = fmt.Sprint("x", s, "-", i), &record.Response{Status: 200, Body: &record.Body{Content: &body}}
				if _, err := w.log.Commit(b.Context(), r.AppendFields(nil)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	w.untilSealed()
	for name, n := range map[string]int{"first": 1, "sixtyfour": 64, "all": each} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ctx, gone := context.WithCancel(b.Context())
				r, err := w.library().Open(ctx, "s3")
				for i := 0; i < n && err == nil; i++ {
					_, err = r.Frame(ctx, i)
				}
				if gone(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
