package cli

import (
	"fmt"
	"time"

	"github.com/caddyrec/caddyrec/replay/rerun"
)

// steps draws on the error stream how far a replay is, if that is a terminal.
type steps struct {
	con    *console
	label  string
	counts map[rerun.State]int
	next   time.Time
	drawn  bool
}

func newSteps(con *console, label string) *steps {
	return &steps{con: con, label: label, counts: map[rerun.State]int{}}
}

// set tells what came of one more request.
func (s *steps) set(done, total int, o *rerun.Outcome) {
	s.counts[o.State]++
	now := s.con.now()
	if !s.con.errTTY || now.Before(s.next) && done < total {
		return
	}
	s.next, s.drawn = now.Add(progressEvery), true
	fmt.Fprintf(s.con.err, "\r\x1b[K%s %d of %d: %d matched, %d differ, %d failed, %d not sent",
		s.label, done, total, s.counts[rerun.Matched], s.counts[rerun.Differs], s.counts[rerun.Failed], s.counts[rerun.Skipped])
}

// end wipes the line.
func (s *steps) end() {
	if s.drawn {
		fmt.Fprint(s.con.err, "\r\x1b[K")
	}
}
