package cli

import (
	"fmt"
	"strings"
	"time"
)

// progress draws on the error stream how far long work is, if that is a
// terminal. Work that is soon done is not worth a bar.
type progress struct {
	con    *console
	label  string
	amount func(int64) string // says how much all of it is
	next   time.Time          // when it is drawn again
	drawn  bool
}

// How long work takes before its bar is drawn, and how often that is.
const (
	progressAfter = 500 * time.Millisecond
	progressEvery = 100 * time.Millisecond
)

func newProgress(con *console, label string) *progress {
	return &progress{con: con, label: clean(label), amount: bytesText, next: con.now().Add(progressAfter)}
}

const barWidth = 24

// set tells how much of the work is done.
func (p *progress) set(done, total int64) {
	if !p.con.errTTY || total <= 0 {
		return
	}
	now := p.con.now()
	if now.Before(p.next) {
		return
	}
	p.next, p.drawn = now.Add(progressEvery), true
	done = min(max(done, 0), total)
	share := float64(done) / float64(total)
	full := int(share * barWidth)
	fmt.Fprintf(p.con.err, "\r%s [%s%s] %3d %% of %s ", p.label,
		strings.Repeat("#", full), strings.Repeat("-", barWidth-full), int(share*100), p.amount(total))
}

// end wipes the bar.
func (p *progress) end() {
	if p.drawn {
		fmt.Fprint(p.con.err, "\r\x1b[K")
	}
}
