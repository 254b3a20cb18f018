//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"
)

// loads are the numbers of connections that each gateway is measured with.
var loads = []int{1, 16}

const warmUp = time.Second

// measurement is what one gateway did under one load in one round.
type measurement struct {
	perSecond float64
	p50, p99  time.Duration
	cpu       float64 // seconds of processor time of the gateway per 1000 requests
	others    float64 // share of the processors that went to other processes
}

// measure sends the same request over a number of kept connections, each as
// fast as its answers come. Its bounds are the duration and the connections.
func measure(ctx context.Context, t *target, connections int, d time.Duration) (measurement, error) {
	if _, err := load(ctx, t, connections, warmUp); err != nil {
		return measurement{}, err
	}
	before, err := t.used()
	if err != nil {
		return measurement{}, err
	}
	began := time.Now()
	latencies, err := load(ctx, t, connections, d)
	if err != nil {
		return measurement{}, err
	}
	took := time.Since(began)
	after, err := t.used()
	if err != nil {
		return measurement{}, err
	}
	n := len(latencies)
	if n == 0 {
		return measurement{}, fmt.Errorf("no request was answered in %s", d)
	}
	slices.Sort(latencies)
	return measurement{
		perSecond: float64(n) / took.Seconds(),
		p50:       latencies[n/2],
		p99:       latencies[n*99/100],
		cpu:       (after.gateway - before.gateway).Seconds() / float64(n) * 1000,
		others:    max(0, ((after.all-before.all)-(after.bench-before.bench)).Seconds()/(took.Seconds()*float64(runtime.NumCPU()))),
	}, nil
}

func load(ctx context.Context, t *target, connections int, d time.Duration) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var (
		mu       sync.Mutex
		all      []time.Duration
		firstErr error
		workers  sync.WaitGroup
	)
	for range connections {
		workers.Go(func() {
			latencies, err := oneConnection(ctx, t)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, latencies...)
			if err != nil && firstErr == nil {
				firstErr = err
				cancel()
			}
		})
	}
	workers.Wait()
	return all, firstErr
}

// oneConnection sends request after request until ctx ends.
func oneConnection(ctx context.Context, t *target) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", t.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 16<<10)
	latencies := make([]time.Duration, 0, 1<<16)
	for ctx.Err() == nil {
		began := time.Now()
		if err := exchange(conn, r, t); err != nil {
			return latencies, err
		}
		latencies = append(latencies, time.Since(began))
	}
	return latencies, nil
}

// exchange sends the request once and reads the answer whole.
func exchange(conn net.Conn, r *bufio.Reader, t *target) error {
	if _, err := conn.Write(t.request); err != nil {
		return err
	}
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || n != int64(len(upstreamAnswer)) {
		return fmt.Errorf("it answers %s with %d bytes", res.Status, n)
	}
	return nil
}
