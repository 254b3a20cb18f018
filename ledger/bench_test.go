package ledger

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// benchFields is a record of 1.5 KB.
var benchFields = fields(string(bytes.Repeat([]byte("0123456789abcde "), 88)))

// BenchmarkCommit is the whole way of a record, at some numbers of writers.
func BenchmarkCommit(b *testing.B) {
	for _, writers := range []int{1, 16, 256} {
		b.Run(strconv.Itoa(writers)+"-writers", func(b *testing.B) {
			p := newPlace(b)
			l := p.open(func(o *Options) { o.CheckpointEvery = time.Second })
			b.SetBytes(int64(len(benchFields)))
			b.ReportAllocs()
			times := make([][]time.Duration, writers)
			b.ResetTimer()
			var wg sync.WaitGroup
			for w := range writers {
				n := b.N / writers
				if w < b.N%writers {
					n++
				}
				times[w] = make([]time.Duration, 0, n)
				wg.Go(func() {
					for range n {
						start := time.Now()
						if _, err := l.Commit(context.Background(), benchFields); err != nil {
							b.Error(err)
							return
						}
						times[w] = append(times[w], time.Since(start))
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			reportTimes(b, slices.Concat(times...))
		})
	}
}

// BenchmarkOpenLoop is the time from when a record is due to when it is durable,
// while records come at a fixed rate, whatever becomes of those before.
func BenchmarkOpenLoop(b *testing.B) {
	for _, rate := range []int{5000, 20000} {
		b.Run(strconv.Itoa(rate)+"-per-second", func(b *testing.B) {
			p := newPlace(b)
			l := p.open(func(o *Options) { o.CheckpointEvery = time.Second })
			b.SetBytes(int64(len(benchFields)))
			times := make([]time.Duration, b.N)
			var wg sync.WaitGroup
			b.ResetTimer()
			start := time.Now()
			for i := range b.N {
				due := start.Add(time.Duration(i) * time.Second / time.Duration(rate))
				if ahead := time.Until(due); ahead > 0 {
					time.Sleep(ahead)
				}
				wg.Go(func() {
					if _, err := l.CommitWithin(10*time.Second, benchFields, false); err != nil {
						b.Error(err)
					}
					times[i] = time.Since(due)
				})
			}
			wg.Wait()
			b.StopTimer()
			reportTimes(b, times)
		})
	}
}

// BenchmarkBareSync is the least that a durable record costs: one write of the
// same bytes into a zero-filled file, and one fdatasync.
func BenchmarkBareSync(b *testing.B) {
	root, err := os.OpenRoot(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer root.Close()
	file, err := root.OpenFile("bare", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	f := newDiskFile(root, "bare", file)
	defer f.Close()
	const size = 64 << 20
	if err := f.extend(0, size); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(benchFields)))
	times := make([]time.Duration, 0, b.N)
	var off int64
	for b.Loop() {
		start := time.Now()
		if _, err := f.WriteAt(benchFields, off); err != nil {
			b.Fatal(err)
		}
		if err := f.syncData(); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(start))
		off = (off + int64(len(benchFields))) % (size - int64(len(benchFields)))
	}
	reportTimes(b, times)
}

func reportTimes(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	for _, q := range []int{50, 99} {
		at := times[min(len(times)*q/100, len(times)-1)]
		b.ReportMetric(float64(at.Nanoseconds())/1000, "p"+strconv.Itoa(q)+"-µs")
	}
}

// BenchmarkVerify reads sealed segments of 1.5 KB records.
func BenchmarkVerify(b *testing.B) {
	p := newPlace(b)
	l := p.open(func(o *Options) { o.CheckpointEvery = time.Second; o.SealBytes = 16 << 20 })
	var wg sync.WaitGroup
	for range 256 {
		wg.Go(func() {
			for range 400 {
				l.Commit(context.Background(), benchFields)
			}
		})
	}
	wg.Wait()
	closeLog(b, l)
	l = p.open()
	allSealed(b, l)
	closeLog(b, l)
	b.ResetTimer()
	for b.Loop() {
		r := p.verified()
		b.SetBytes(r.Bytes)
	}
}
