//go:build linux

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// results are all measurements of a run.
type results struct {
	targets []*target
	machine machine
	options options
	syncs   []time.Duration
	by      map[string]map[int][]measurement // by gateway and connections
}

func newResults(targets []*target, m machine, o options) *results {
	return &results{targets: targets, machine: m, options: o, by: map[string]map[int][]measurement{}}
}

func (r *results) add(t *target, connections int, m measurement) {
	if r.by[t.name] == nil {
		r.by[t.name] = map[int][]measurement{}
	}
	r.by[t.name][connections] = append(r.by[t.name][connections], m)
}

func median[T cmp.Ordered](all []T) T {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

func of[T cmp.Ordered](all []measurement, what func(measurement) T) T {
	values := make([]T, len(all))
	for i, m := range all {
		values[i] = what(m)
	}
	return median(values)
}

// middle is the median of each figure over the rounds.
func (r *results) middle(name string, connections int) measurement {
	all := r.by[name][connections]
	return measurement{
		perSecond: of(all, func(m measurement) float64 { return m.perSecond }),
		p50:       of(all, func(m measurement) time.Duration { return m.p50 }),
		p99:       of(all, func(m measurement) time.Duration { return m.p99 }),
		cpu:       of(all, func(m measurement) float64 { return m.cpu }),
	}
}

// ratio is the median over the rounds of a gateway's throughput beside plain
// Caddy's of the same round, so that what slows a whole round down counts for
// both.
func (r *results) ratio(name string, connections int) float64 {
	ratios := make([]float64, 0, r.options.rounds)
	for n, m := range r.by[name][connections] {
		ratios = append(ratios, m.perSecond/r.by[plainName][connections][n].perSecond)
	}
	return median(ratios)
}

// others are the shares of the processors that went to other processes: with
// much of it the figures mean little.
func (r *results) others() (shares []float64) {
	for _, loads := range r.by {
		for _, all := range loads {
			for _, m := range all {
				shares = append(shares, m.others)
			}
		}
	}
	return shares
}

func ms(d time.Duration) string { return fmt.Sprintf("%.3f", float64(d.Microseconds())/1000) }

func (r *results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Machine: %s. Each figure is the median of %d rounds of %d s after %s of warm-up, the gateways in turn within each round. "+
		"A POST of %d bytes of JSON is answered by the upstream with %d bytes; upstream, gateway and load generator are a process each and share the cores. Other processes took %.0f %% of the cores at the median, %.0f %% at most.\n",
		r.machine, r.options.rounds, r.options.seconds, warmUp, len(requestBody), len(upstreamAnswer), 100*median(r.others()), 100*slices.Max(r.others()))
	for _, connections := range loads {
		fmt.Fprintf(&b, "\n### %s\n\n", map[bool]string{true: "1 connection", false: fmt.Sprint(connections, " connections")}[connections == 1])
		b.WriteString("| gateway | requests/s | of plain Caddy | p50 ms | p99 ms | CPU s per 1000 requests |\n|---|---:|---:|---:|---:|---:|\n")
		for _, t := range r.targets {
			m := r.middle(t.name, connections)
			fmt.Fprintf(&b, "| %s | %.0f | %.2f | %s | %s | %.3f |\n", t.name, m.perSecond, r.ratio(t.name, connections), ms(m.p50), ms(m.p99), m.cpu)
		}
	}
	syncs := median(r.syncs)
	adds := func(name string) time.Duration { return r.middle(name, 1).p50 - r.middle(plainName, 1).p50 }
	fmt.Fprintf(&b, "\nTwo writes, each with fdatasync, take %s ms on this disk (median, bare, into space written before). "+
		"On one connection the chain adds %s ms at the median: %s ms beside those two. "+
		"A handler that makes those two for each request, and no more, adds %s ms, and one that commits the chain's two records %s ms.\n",
		ms(syncs), ms(adds(chainName)), ms(adds(chainName)-syncs), ms(adds(syncsName)), ms(adds(recordsName)))
	return b.String()
}

// The section that a run writes stands between these lines; what else is in
// the file stays.
const (
	sectionBegin = "<!-- bench: begin -->\n"
	sectionEnd   = "<!-- bench: end -->\n"
)

func replaceSection(file, text string) error {
	old, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		old, err = []byte("# Benchmarks\n\nMeasured by `go run ./bench` in `e2e/`.\n\n"+sectionBegin+sectionEnd), nil
	}
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), sectionBegin)
	_, after, ok2 := strings.Cut(rest, sectionEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no lines %q and %q to write between", file, strings.TrimSpace(sectionBegin), strings.TrimSpace(sectionEnd))
	}
	return os.WriteFile(file, []byte(before+sectionBegin+text+sectionEnd+after), 0o644)
}
