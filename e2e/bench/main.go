//go:build linux

// Command bench measures what the whole caddyrec chain costs, beside the same
// Caddy with reverse_proxy alone and beside any peers, in one run.
//
//	go run ./bench [--rounds n] [--seconds n] [--peer name=binary,config,url]... [--out file]
//	go run ./bench --streams n
//
// The second form measures what n who watch a recorded session at once cost.
//
// All gateways stand in front of one upstream, a process of its own, and run
// all the time; each round loads them one after the other, from this process,
// over 1 and over 16 kept connections. A peer is another Caddy: a binary, a
// Caddyfile in which {$UPSTREAM} is the upstream's host and port, and the
// address it then answers at. What is measured is disk and processor: give the
// machine nothing else to do, and TMPDIR on the disk that matters.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

type options struct {
	rounds  int
	seconds int
	out     string
	streams int
	peers   []peer
}

// peer is another gateway to measure.
type peer struct{ name, binary, config, url string }

func (o *options) addPeer(text string) error {
	name, rest, ok := strings.Cut(text, "=")
	parts := strings.Split(rest, ",")
	if !ok || len(parts) != 3 {
		return errors.New("use name=binary,config,url")
	}
	o.peers = append(o.peers, peer{name, parts[0], parts[1], parts[2]})
	return nil
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == upstreamArg {
		serveUpstream()
		return
	}
	if len(os.Args) == 2 && os.Args[1] == watchersArg {
		serveWatchers()
		return
	}
	var o options
	flag.IntVar(&o.rounds, "rounds", 3, "how often each gateway is measured; medians are reported")
	flag.IntVar(&o.seconds, "seconds", 5, "how long each measurement takes")
	flag.StringVar(&o.out, "out", "", "a markdown `file` whose benchmark section is replaced")
	flag.IntVar(&o.streams, "streams", 0, "measure so many streams of a recorded session at once, and nothing else")
	flag.Func("peer", "another gateway, as `name=binary,config,url`; may be repeated", o.addPeer)
	flag.Parse()
	if flag.NArg() > 0 || o.rounds < 1 || o.seconds < 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.streams > 0 {
		s, err := watchLoad(ctx, dir, o.streams)
		if err == nil {
			fmt.Print(s)
		}
		return err
	}
	targets, machine, stop, err := start(ctx, dir, o)
	defer stop()
	if err != nil {
		return err
	}
	r := newResults(targets, machine, o)
	for round := range o.rounds {
		syncs, err := twoSyncs(dir)
		if err != nil {
			return err
		}
		r.syncs = append(r.syncs, syncs)
		for _, connections := range loads {
			for n := range targets {
				// Each round begins with another gateway.
				t := targets[(n+round)%len(targets)]
				m, err := measure(ctx, t, connections, time.Duration(o.seconds)*time.Second)
				if err != nil {
					return fmt.Errorf("%s over %d connections: %w", t.name, connections, err)
				}
				r.add(t, connections, m)
				fmt.Fprintf(os.Stderr, "round %d of %d, %2d connections, %s: %.0f requests/s\n", round+1, o.rounds, connections, t.name, m.perSecond)
			}
		}
	}
	text := r.markdown()
	fmt.Print(text)
	if o.out != "" {
		return replaceSection(o.out, text)
	}
	return nil
}
