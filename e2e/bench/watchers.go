//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// watchersArg makes this program those who watch. They are a process of their
// own: among thousands of goroutines with something to read, the one that
// measures would have to wait for its turn.
const watchersArg = "watch-streams"

// watching is what the watchers are told.
type watching struct {
	Address string
	Request string // for a stream
	Streams int
}

// watched is what they tell when all streams run, and then whenever they are
// asked.
type watched struct {
	Frames, Broken int64
	Failed         string
}

// watchers is that process.
type watchers struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	ask *json.Encoder
	out *json.Decoder
}

// startWatchers begins streams and returns when all run.
func startWatchers(w watching) (*watchers, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, watchersArg)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &watchers{cmd, in, json.NewEncoder(in), json.NewDecoder(out)}
	if _, err := p.tell(w); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// tell asks how many frames came so far.
func (p *watchers) tell(what any) (frames int64, err error) {
	var now watched
	if err := errors.Join(p.ask.Encode(what), p.out.Decode(&now)); err != nil {
		return 0, fmt.Errorf("asking those who watch: %w", err)
	}
	if now.Failed != "" {
		return 0, fmt.Errorf("a stream: %s", now.Failed)
	}
	if now.Broken > 0 {
		return 0, fmt.Errorf("%d streams broke off", now.Broken)
	}
	return now.Frames, nil
}

func (p *watchers) stop() {
	p.in.Close()
	p.cmd.Wait()
}

// serveWatchers watches until stdin ends.
func serveWatchers() {
	var what watching
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	if err := in.Decode(&what); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	all := &streams{watching: what}
	err := all.ramp()
	for asked := any(nil); ; {
		now := watched{Frames: all.frames.Load(), Broken: all.broken.Load()}
		if err != nil {
			now.Failed = err.Error()
		}
		if out.Encode(now) != nil || in.Decode(&asked) != nil {
			return
		}
	}
}

// streams are those that are watched.
type streams struct {
	watching
	frames, broken atomic.Int64
}

// ramp begins streams, and reads what they show.
func (s *streams) ramp() error {
	tick := time.NewTicker(time.Second / rampUp)
	defer tick.Stop()
	failed := make(chan error, 1)
	var begun sync.WaitGroup
	defer begun.Wait()
	for range s.Streams {
		select {
		case err := <-failed:
			return err
		case <-tick.C:
		}
		begun.Go(func() {
			_, r, _, err := first(s.Address, s.Request)
			if err != nil {
				select {
				case failed <- err:
				default:
				}
				return
			}
			go s.read(r)
		})
	}
	begun.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// read counts frames: each ends with a line end that is in no record.
func (s *streams) read(r *bufio.Reader) {
	for {
		line, err := r.ReadSlice('\n')
		if bytes.HasSuffix(line, []byte("}\n")) {
			s.frames.Add(1)
		}
		if err != nil && err != bufio.ErrBufferFull {
			s.broken.Add(1)
			return
		}
	}
}

// first sends a request on a connection of its own, and tells how long the first
// byte of the body took.
func first(address, request string) (net.Conn, *bufio.Reader, time.Duration, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, nil, 0, err
	}
	r := bufio.NewReaderSize(conn, 4<<10)
	began := time.Now()
	if _, err := io.WriteString(conn, request); err != nil {
		return conn, r, 0, err
	}
	status, err := r.ReadString('\n')
	for line := status; err == nil && line != "\r\n"; {
		line, err = r.ReadString('\n')
	}
	if err == nil {
		_, err = r.Peek(1)
	}
	took := time.Since(began)
	if err == nil && !strings.Contains(status, " 200 ") {
		err = errors.New(strings.TrimSpace(status))
	}
	return conn, r, took, err
}
