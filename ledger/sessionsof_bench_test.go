package ledger

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkSessionsOf looks for the sessions of one subject of 200 in a log of
// 200,000 records of 1.5 KB.
func BenchmarkSessionsOf(b *testing.B) {
	p := newPlace(b)
	l := p.open(func(o *Options) { o.CheckpointEvery = time.Second; o.SealBytes = 64 << 20 })
	pad := strings.Repeat("0123456789abcde ", 75)
	var wg sync.WaitGroup
	for w := range 200 {
		wg.Go(func() {
			for i := range 1000 {
				line := seen(time.Duration(i)*time.Second, "https://id.example.com", fmt.Sprintf("subject-%d", w), fmt.Sprintf("s_%d_%d", w, i/20))
				line = fmt.Appendf(line[:len(line)-1], `,"pad":%q}`, pad)
				if _, err := l.Commit(b.Context(), line); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	closeLog(b, l)
	l = p.open()
	allSealed(b, l)
	for name, reader := range map[string]func() *Reader{
		"first": l.Reader,
		"again": func() func() *Reader { r := l.Reader(); return func() *Reader { return r } }(),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ids, err := reader().SessionsOf(b.Context(), SessionFilter{Subject: "subject-7", From: at(0), Most: 65})
				if err != nil || len(ids) != 50 {
					b.Fatal(len(ids), err)
				}
			}
		})
	}
	b.Run("walk", func(b *testing.B) {
		for b.Loop() {
			if err := l.Since(b.Context(), at(0), func(Line) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
	closeLog(b, l)
}
